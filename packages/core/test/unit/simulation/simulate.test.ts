import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { newId, PosthornError } from '@posthorn/core'
import { allFaults, simulate } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { failureOf } from './failure-of.ts'
import { book, nobodyBooks, theatreWorld } from './theatre.ts'

describe('the same seed', () => {
  test('gives the same trace, and another one another', async () => {
    const [one, again, other] = [
      await simulate(theatreWorld(), { seeds: 5, seed: 7 }),
      await simulate(theatreWorld(), { seeds: 5, seed: 7 }),
      await simulate(theatreWorld(), { seeds: 5, seed: 8 }),
    ]

    expect(again).toEqual(one)
    // On every machine; another one only when what the core does has changed.
    expect(one.hash).toBe('0b781379f8d8f35e')
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
    const world = theatreWorld((guest, { ask }) =>
      ask('the printer', `a ticket for ${guest}`, () => undefined).catch(() => undefined),
    )
    const { faults, seeds } = await simulate(world, { seeds: 120, faultsPerSeed: 15 })

    expect(seeds).toBe(120)
    expect(Object.keys(faults).sort()).toEqual([...allFaults].sort())
  })

  test('waits for another one that is under way', async () => {
    const alone = await simulate(theatreWorld(), { seeds: 5 })

    const both = [1, 2].map(() => simulate(theatreWorld(), { seeds: 5 }))

    expect(await Promise.all(both)).toEqual([alone, alone])
  })

  test('has faults from the beginning to the end, however long that takes, and no more than is said', async () => {
    const times: number[] = []
    const minute = [0, 20_000, 40_000, 60_000].map((at) => book(`guest at ${at}`, at))
    const world = { ...theatreWorld(), script: () => minute }

    const { faults } = await simulate(world, {
      seeds: 60,
      faults: ['clock-skew'],
      faultsPerSeed: 2,
      onStep: ({ from, time }) => from === 'the simulation' && times.push(time),
    })

    expect(Math.min(...times)).toBeLessThan(15_000)
    expect(Math.max(...times)).toBeGreaterThan(45_000)
    expect(faults['clock-skew']).toBeGreaterThan(30)
    expect(faults['clock-skew']).toBeLessThanOrEqual(120)
  })

  test('of a world without faults has none', async () => {
    expect((await simulate(theatreWorld(), { seeds: 20, faults: [] })).faults).toEqual({})
  })
})
