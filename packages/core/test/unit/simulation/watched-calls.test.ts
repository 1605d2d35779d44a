import { command, defineDomain, type ExternalBus } from '@posthorn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { actor } from '../../../src/simulation/actor.ts'
import { WatchedCalls } from '../../../src/simulation/watched-calls.ts'
import { evenScheduler, settled } from './virtual-network.ts'

const nothing = z.object({})
const callee = defineDomain('callee', {
  commands: { Do: command({ input: nothing, output: nothing, allow: ['caller'] }) },
  events: {},
})

test.each([
  [900, 0, 0],
  [1_100, 0, 1],
  // Nobody is late who was frozen until then.
  [1_100, 1_100_000, 0],
])('a call with a second to go that takes %i ms is late or not', async (ms, pausedUntil, count) => {
  const scheduler = evenScheduler()
  const process = actor('caller')
  const late: string[] = []
  const calls = new WatchedCalls(scheduler, process, (what) => late.push(what))
  const wait = () => new Promise<void>((resolve) => scheduler.after(process, ms, null, resolve))
  const bus = calls.on({ domain: 'caller', call: wait, handle: wait } as unknown as ExternalBus)
  process.pausedUntil = pausedUntil

  const called = Promise.all([
    bus.call(callee.commands.Do({}) as never, { timeout: 1_000 }),
    bus.handle(callee.commands.Do({}), { timeout: 1_000 }),
  ])
  expect([bus.domain, calls.open]).toEqual(['caller', 2])
  await settled(scheduler, called)

  expect([late.length, calls.open]).toEqual([2 * count, 0])
})
