import { hrtime } from 'node:process'
import { scheduler, setInterval as ticks } from 'node:timers/promises'
import { promisify } from 'node:util'
import { simulate } from '@posthorn/core/simulation'
import { expect, test } from 'vitest'
import { theatreWorld } from './theatre.ts'

const HOUR = 3_600_000

/** How much virtual time a piece of code takes, in ms; it must take no real time. */
async function timeOf(code: () => unknown): Promise<number> {
  let took = Number.NaN
  const world = theatreWorld(async () => {
    const before = performance.now()
    await code()
    took = performance.now() - before
  })
  const patient = { theatre: { ...world.services.theatre, bus: { handlerTimeout: 10 * HOUR } } }
  const services = patient as unknown as typeof world.services
  const script: typeof world.script = (random) =>
    world.script(random).map((request) => ({ ...request, timeout: 10 * HOUR, mayFail: true }))
  const started = performance.now()
  await simulate({ ...world, services, script }, { seeds: 1, faults: [] }).catch(() => undefined)
  expect(performance.now() - started).toBeLessThan(10_000)
  return took
}

const second = 1_000

test.each<[string, () => unknown, number]>([
  ['AbortSignal.timeout', () => ended(AbortSignal.timeout(second)), second],
  ['timers/promises.scheduler.wait', () => scheduler.wait(second), second],
  ['timers/promises.setInterval', async () => void (await take(3, ticks(second))), 3 * second],
  ['util.promisify(setTimeout)', () => promisify(setTimeout)(second), second],
])('%s takes virtual time', async (_name, code, ms) => {
  expect(await timeOf(code)).toBeCloseTo(ms, 0)
})

test('process.hrtime and performance.timeOrigin tell virtual time', async () => {
  let [seconds, nanoseconds, ms, origin] = [0, 0, 0n, 0]
  await timeOf(async () => {
    const [start, begun] = [process.hrtime(), hrtime.bigint()]
    await scheduler.wait(1_500)
    ;[seconds, nanoseconds] = process.hrtime(start)
    ms = (process.hrtime.bigint() - begun) / 1_000_000n
    origin = performance.timeOrigin
  })

  expect([seconds, Math.round(nanoseconds / 1e6), ms]).toEqual([1, 500, 1_500n])
  expect(Math.abs(origin - Date.UTC(2030, 0, 1))).toBeLessThan(2)
  expect(performance.timeOrigin).toBeLessThan(Date.now())
})

function ended(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener('abort', resolve))
}

async function take(count: number, from: AsyncIterable<unknown>): Promise<void> {
  let left = count
  for await (const _tick of from) {
    left -= 1
    if (left === 0) return
  }
}
