import { setTimeout as delay } from 'node:timers/promises'
import { type Invariant, simulate, type TraceStep } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { failureOf } from './failure-of.ts'
import { nobodyBooks, theatreWorld } from './theatre.ts'

const options = { invariants: [nobodyBooks] }

describe('a seed that breaks a promise', () => {
  test('is told with its shortest trace, as text and as a diagram, and breaks it again', async () => {
    const failure = await failureOf(simulate(theatreWorld(), options))
    const again = await failureOf(simulate(theatreWorld(), { ...options, seed: failure.seed, seeds: 1 }))

    expect(failure.message).toMatch(/nobody books\.\n(Ann|Bob) has booked/)
    expect(failure.message.match(/asks for Book/g)).toHaveLength(1)
    expect(failure.diagram).toMatch(/^sequenceDiagram\n {2}participant p0 as /)
    expect(again.steps).toEqual(failure.steps)
  })

  test('is gone through once more in its shortest form, and the steps’ numbers are those of the message', async () => {
    const seen: Record<'seed' | 'shortest', TraceStep[]> = { seed: [], shortest: [] }

    const failure = await failureOf(
      simulate(theatreWorld(), { ...options, onStep: (step, run) => seen[run].push(step) }),
    )

    expect(seen.shortest).toEqual(failure.steps)
    expect(seen.seed).not.toEqual(seen.shortest)
    const booked = seen.shortest.find(({ what }) => what.startsWith('asks for Book'))
    expect(failure.message).toContain(String(booked))
    expect(String(booked)).toMatch(new RegExp(`^ *${booked?.number} +[\\d.]+ ms {2}web: asks for Book 1`))
  })

  test('is shrunk to the one fault that it needs', async () => {
    const needsACrash: Invariant = {
      name: 'nobody crashes',
      make: () => ({ atRest: ({ faults }) => (faults.has('crash') ? 'somebody has' : undefined) }),
    }

    const { steps } = await failureOf(simulate(theatreWorld(), { invariants: [needsACrash] }))

    const faults = steps.filter(({ from, what }) => from === 'the simulation' && !what.startsWith('BROKEN'))
    expect(faults.map(({ what }) => what)).toEqual([expect.stringMatching(/^theatre \d crashes$/)])
  })

  test('tells what its handlers have thrown, in the trace and with the stack', async () => {
    const world = theatreWorld(() => {
      throw new TypeError('no box office')
    })

    const { message, cause } = await failureOf(simulate(world, { faults: [] }))

    expect(message).toMatch(/ theatre \d: theatre\.Book failed: no box office\n/)
    expect((cause as Error).stack).toContain('failing-seed.test.ts')
  })

  test('and is no function of itself is told to be that', async () => {
    let calls = 0
    const world = theatreWorld(async () => {
      calls += 1
      await delay(calls)
    })

    await expect(simulate(world, { ...options, faults: [] })).rejects.toMatchObject({
      code: 'SimulationNotDeterministic',
      message: expect.stringMatching(/They differ first here:\n.* ms {2}.*\n.* ms {2}/),
    })
  })
})
