import { expect, test } from 'vitest'
import type { Outcome } from '../../../src/simulation/outcome.ts'
import { nothingOmitted, type Omitted } from '../../../src/simulation/plan.ts'
import { shrink } from '../../../src/simulation/shrink.ts'

const limits = { requests: 20, faults: 6, runs: 400 }

/** It fails for its own reason with request 3, request 17 and fault 2, and for another one without request 5. */
function outcome({ requests, faults, calm }: Omitted): Outcome {
  const isMoody = !calm.some(([from, to]) => from <= 40 && to > 40)
  const fails = !requests.has(3) && !requests.has(17) && !faults.has(2) && isMoody
  const other = requests.has(5) && requests.has(3)
  const invariant = fails ? 'its own' : other ? 'another' : null
  return { violation: invariant && { invariant, what: '' }, draws: 64 } as Outcome
}

const failed = outcome(nothingOmitted)
const run = async (omitted: Omitted) => outcome(omitted)
const left = (count: number, omitted: ReadonlySet<number>) =>
  Array.from({ length: count }, (_, index) => index).filter((index) => !omitted.has(index))

test('what does not matter is left out, and what does stays', async () => {
  const { omitted, outcome } = await shrink(failed, run, limits)

  expect(outcome.violation?.invariant).toBe('its own')
  expect(left(20, omitted.requests)).toEqual([3, 17])
  expect(left(6, omitted.faults)).toEqual([2])
  expect(omitted.calm.some(([from, to]) => from <= 40 && to > 40)).toBe(false)
  expect(omitted.calm.length).toBeGreaterThan(0)
})

test('no more runs are made than are allowed', async () => {
  let runs = 0
  const counted = (omitted: Omitted) => {
    runs += 1
    return run(omitted)
  }

  expect((await shrink(failed, counted, { ...limits, runs: 7 })).runs).toBe(7)
  expect(runs).toBe(7)
})
