import { type allFaults, type SimulationOptions, simulate, type World } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { book, theatreWorld } from './theatre.ts'

const invalid = (message: string) =>
  expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringContaining(message) })

describe('what would simulate nothing, or something else, is refused', () => {
  test.each<[SimulationOptions, string]>([
    [{ seeds: Number.NaN }, 'seeds must be a whole number from 1, not NaN'],
    [{ seeds: 0 }, 'seeds must be'],
    [{ seed: 1.9 }, 'seed must be a whole number from 0, not 1.9'],
    [{ shrink: -1 }, 'shrink must be'],
    [{ faults: ['crsh' as (typeof allFaults)[number]] }, 'There is no fault crsh; there are duplicate, '],
  ])('options %o', async (options, message) => {
    await expect(simulate(theatreWorld(), options)).rejects.toEqual(invalid(message))
  })

  const world = theatreWorld()
  const [start] = Object.values(world.services)
  test.each<[string, Partial<World>, string]>([
    [
      'a service of no domain',
      { services: { theater: start as (typeof world.services)[string] } },
      'theater is no domain',
    ],
    [
      'a request by a stranger',
      { script: () => [{ ...book('Ann', 0), by: 'nobody' }] },
      'nobody, which is no client',
    ],
    ['a request at no time', { script: () => [book('Ann', Number.NaN)] }, 'Nobody can ask at NaN ms'],
    ['a script without requests', { script: () => [] }, 'In 3 seeds the script asks for nothing'],
  ])('%s', async (_what, part, message) => {
    await expect(simulate({ ...world, ...part }, { seeds: 3 })).rejects.toEqual(invalid(message))
  })
})

describe('what the script throws is thrown as it is', () => {
  const error = new TypeError('no such seat')
  const fail = () => {
    throw error
  }

  test.each<[string, World['script']]>([
    ['by the script itself', fail],
    ['when a request is made', () => [{ ...book('Ann', 10), command: fail }]],
  ])('%s', async (_when, script) => {
    await expect(simulate({ ...theatreWorld(), script })).rejects.toBe(error)
  })
})

test('what a timer throws breaks a promise, and not the simulation', async () => {
  const world = theatreWorld(() => {
    setTimeout(() => {
      throw new TypeError('too late')
    }, 5)
  })

  await expect(simulate(world, { faults: [], shrink: 0 })).rejects.toMatchObject({
    invariant: 'no error goes unheard',
    message: expect.stringContaining('too late'),
  })
})
