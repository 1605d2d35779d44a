import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { newId, PosthornError } from '@posthorn/core'
import { allFaults, type Invariant, simulate } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { failureOf } from './failure-of.ts'
import { nobodyBooks, theatreWorld } from './theatre.ts'

describe('the same seed', () => {
  test('gives the same trace, and another one another', async () => {
    const [one, again, other] = [
      await simulate(theatreWorld(), { seeds: 5, seed: 7 }),
      await simulate(theatreWorld(), { seeds: 5, seed: 7 }),
      await simulate(theatreWorld(), { seeds: 5, seed: 8 }),
    ]

    expect(again).toEqual(one)
    expect(other.hash).not.toBe(one.hash)
  })

  test('gives the same time, chance, ids and timers to whoever asks for them', async () => {
    const drawn = async () => {
      const seen: unknown[] = []
      const world = theatreWorld(async () => {
        seen.push(new Date(), Date.now(), Math.random(), performance.now(), randomUUID(), newId())
        seen.push(crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)).join())
        await delay(600)
        await new Promise((resolve) => setTimeout(resolve, 600))
        seen.push(new Date())
      })
      await simulate(world, { seeds: 2, seed: 3, faults: [] })
      return seen
    }
    const started = performance.now()
    const seen = await drawn()

    expect(seen.length).toBeGreaterThan(0)
    expect(seen[0]).toBeInstanceOf(Date)
    expect(String(seen[0])).toContain('2030')
    expect(await drawn()).toEqual(seen)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  test('that is none, because code remembers something between two runs, is told', async () => {
    let calls = 0
    const world = theatreWorld(async () => {
      calls += 1
      await delay(calls)
    })

    const error = await simulate(world, { seeds: 1, faults: [] }).catch((thrown: PosthornError) => thrown)

    expect(error).toBeInstanceOf(PosthornError)
    expect(error).toMatchObject({ code: 'SimulationNotDeterministic' })
  })
})

describe('a simulation', () => {
  test('puts back what it has replaced, also when it fails', async () => {
    const before = [Date, Math.random, performance.now, setTimeout, crypto.randomUUID, process.emitWarning]

    await simulate(theatreWorld(), { seeds: 1 })
    await failureOf(simulate(theatreWorld(), { invariants: [nobodyBooks] }))

    expect([Date, Math.random, performance.now, setTimeout, crypto.randomUUID, process.emitWarning]).toEqual(
      before,
    )
    expect(new Date().getFullYear()).not.toBe(2030)
  })

  test('tells of code that waits for something real', async () => {
    const world = theatreWorld(() => readFile(import.meta.filename))

    const { invariant, message } = await failureOf(simulate(world, { shrink: 0 }))

    expect(invariant).toBe('nothing real is waited for')
    expect(message).toMatch(/FS/)
  })

  test('tells of errors that nobody hears', async () => {
    const world = theatreWorld(() => void Promise.reject(new Error('unheard')))

    const { invariant, message } = await failureOf(simulate(world, { shrink: 0, faults: [] }))

    expect(invariant).toBe('no error goes unheard')
    expect(message).toContain('unheard')
  })

  test('meets every fault there is, and the theatre survives them all', async () => {
    const { faults, seeds } = await simulate(theatreWorld(), { seeds: 300 })

    expect(seeds).toBe(300)
    expect(Object.keys(faults).sort()).toEqual([...allFaults].sort())
  })

  test('of a world without faults has none', async () => {
    expect((await simulate(theatreWorld(), { seeds: 20, faults: [] })).faults).toEqual({})
  })
})

describe('a seed that breaks a promise', () => {
  test('is told with its shortest trace, as text and as a diagram, and breaks it again', async () => {
    const options = { invariants: [nobodyBooks] }

    const failure = await failureOf(simulate(theatreWorld(), options))
    const again = await failureOf(simulate(theatreWorld(), { ...options, seed: failure.seed, seeds: 1 }))

    expect(failure.message).toMatch(/nobody books\.\n(Ann|Bob) has booked/)
    expect(failure.message.match(/asks for Book/g)).toHaveLength(1)
    expect(failure.diagram).toMatch(/^sequenceDiagram\n {2}participant p0 as /)
    expect(again.steps).toEqual(failure.steps)
  })

  test('is shrunk to the one fault that it needs', async () => {
    const world = theatreWorld()
    const needsACrash: Invariant = {
      name: 'nobody crashes',
      make: () => ({ atRest: ({ faults }) => (faults.has('crash') ? 'somebody has' : undefined) }),
    }

    const { steps } = await failureOf(simulate(world, { invariants: [needsACrash] }))

    const faults = steps.filter(({ from, what }) => from === 'the simulation' && !what.startsWith('BROKEN'))
    expect(faults.map(({ what }) => what)).toEqual([expect.stringMatching(/^theatre \d crashes$/)])
  })
})
