import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actor } from '../../../src/simulation/actor.ts'
import { Agenda, type Planned } from '../../../src/simulation/agenda.ts'

const nobody = actor('nobody')

function planned(at: number, order: number): Planned {
  const run = () => undefined
  return { at, order, from: nobody, to: nobody, what: null, inFlight: false, run, cancelled: false }
}

test('what is planned comes in the order of its time, and of its planning, however it is put in and taken out', () => {
  const step = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('take' as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const agenda = new Agenda()
      const left: Planned[] = []
      steps.forEach((what, order) => {
        if (what === 'take') {
          left.sort((one, other) => one.at - other.at || one.order - other.order)
          expect(agenda.pop()).toBe(left.shift())
        } else {
          const one = planned(what, order)
          agenda.push(one)
          left.push(one)
        }
        expect(agenda.size).toBe(left.length)
      })
    }),
  )
})
