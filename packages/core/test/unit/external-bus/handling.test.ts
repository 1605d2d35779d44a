import { describe, expect, test } from 'vitest'
import type { Incoming } from '../../../src/external-bus/broker.ts'
import { InFlight, withinLimit } from '../../../src/external-bus/in-flight.ts'
import { retryInPlace } from '../../../src/external-bus/retry-in-place.ts'
import { ManualClock, settle } from '../manual-clock.ts'

function delivery(messageId: string) {
  const log: string[] = []
  const incoming: Incoming = {
    frame: {
      exchange: '',
      routingKey: '',
      body: new Uint8Array(),
      properties: { type: 'event:a.B.v1', messageId },
    },
    redelivered: false,
    ack: () => log.push('ack'),
    reject: (requeue) => log.push(`reject ${requeue}`),
    release: () => log.push('release'),
  }
  return { incoming, log }
}

const forever = () => new Promise<never>(() => {})

describe('what is being handled', () => {
  test('is waited for, told to end after three quarters of the time, and then handed back by name', async () => {
    const clock = new ManualClock()
    const inFlight = new InFlight(clock, () => {})
    const { incoming, log } = delivery('1')
    void inFlight.run(incoming, async ({ signal }) => {
      signal.addEventListener('abort', () => log.push('told'))
      await forever()
    })
    const drained = inFlight.drain(1_000)
    await clock.advance(749)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['told'])
    await clock.advance(250)
    expect(await drained).toEqual(['event:a.B.v1 1'])
    expect(log).toEqual(['told', 'release'])
  })

  test('ends the wait when the last of it ends', async () => {
    const inFlight = new InFlight(new ManualClock(), () => {})
    const ends: (() => void)[] = []
    void inFlight.run(delivery('1').incoming, () => new Promise((resolve) => void ends.push(resolve)))
    const drained = inFlight.drain(1_000)
    ends[0]?.()
    expect(await drained).toEqual([])
    expect(inFlight.size).toBe(0)
  })

  test('is not begun once the bus is stopping', async () => {
    const inFlight = new InFlight(new ManualClock(), () => {})
    await inFlight.drain(0)
    const { incoming, log } = delivery('1')
    await inFlight.run(incoming, async () => void log.push('begun'))
    expect(log).toEqual(['release'])
  })

  test('goes back to its queue when the bus itself trips over it', async () => {
    const faults: unknown[] = []
    const inFlight = new InFlight(new ManualClock(), (_incoming, error) => faults.push(error))
    const { incoming, log } = delivery('1')
    const fault = new Error('a fault')
    await inFlight.run(incoming, () => Promise.reject(fault))
    expect(log).toEqual(['reject true'])
    expect(faults).toEqual([fault])
  })
})

describe('a time limit', () => {
  test('ends work that takes longer, as something that may still have happened', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const work = withinLimit(clock, 100, controller, forever)
    const failure = expect(work).rejects.toMatchObject({ code: 'HandlerTimeout', outcome: 'unknown' })
    await clock.advance(100)
    await failure
    expect(controller.signal.aborted).toBe(true)
  })

  test('leaves alone what ends in time', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    expect(await withinLimit(clock, 100, controller, async () => 7)).toBe(7)
    await clock.advance(200)
    expect(controller.signal.aborted).toBe(false)
  })
})

describe('a retry in place', () => {
  test('pauses twice as long each time, up to 5 s, and gives up after a minute with the last error', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const work = retryInPlace(clock, new AbortController().signal, async (retry) => {
      times.push(clock.now())
      throw new Error(`try ${retry}`)
    })
    const failure = expect(work).rejects.toThrow(/try \d+/)
    await clock.advance(60_000)
    await failure
    expect(times.slice(0, 5)).toEqual([0, 20, 60, 140, 300])
    const pauses = times.map((time, index) => time - (times[index - 1] ?? 0))
    expect(Math.max(...pauses)).toBe(5_000)
    expect(times.at(-1)).toBeLessThanOrEqual(60_000)
    expect(times.at(-1)).toBeGreaterThan(54_000)
  })

  test('ends with the first success', async () => {
    const clock = new ManualClock()
    let tries = 0
    const work = retryInPlace(clock, new AbortController().signal, async () => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
    })
    await clock.advance(60)
    expect(await work).toBe('done')
    expect(tries).toBe(3)
  })

  test('ends at once, in the middle of a pause, when it is told to stop', async () => {
    const clock = new ManualClock()
    const stopping = new AbortController()
    const work = retryInPlace(clock, stopping.signal, () => Promise.reject(new Error('always')))
    await settle()
    stopping.abort()
    expect(await work).toBe('stopped')
  })
})
