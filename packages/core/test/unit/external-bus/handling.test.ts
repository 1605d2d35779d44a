import { describe, expect, test } from 'vitest'
import { Aborter } from '../../../src/abort.ts'
import type { Incoming } from '../../../src/external-bus/broker.ts'
import { Deliveries } from '../../../src/external-bus/deliveries.ts'
import { retryInPlace } from '../../../src/external-bus/retry-in-place.ts'
import { withinLimit } from '../../../src/within.ts'
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
    live: true,
    ack: () => log.push('ack'),
    ackConfirmed: () => Promise.resolve(true),
    reject: (requeue) => log.push(`reject ${requeue}`),
    release: () => log.push('release'),
  }
  return { incoming, log }
}

const never = () => false
const forever = () => new Promise<never>(() => {})

describe('what is being handled', () => {
  test('is waited for, told to end after three quarters of the time, and then handed back by name', async () => {
    const clock = new ManualClock()
    const deliveries = new Deliveries(clock, () => {})
    const { incoming, log } = delivery('1')
    void deliveries.run(incoming, async () => {
      deliveries.ending.onAbort(() => log.push('told'))
      await forever()
    })
    const drained = deliveries.drain(1_000)
    await clock.advance(749)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['told'])
    await clock.advance(250)
    expect(await drained).toEqual(['event:a.B.v1 1'])
    expect(log).toEqual(['told', 'release'])
  })

  test('ends the wait when the last of it ends', async () => {
    const deliveries = new Deliveries(new ManualClock(), () => {})
    const ends: (() => void)[] = []
    void deliveries.run(delivery('1').incoming, () => new Promise((resolve) => void ends.push(resolve)))
    const drained = deliveries.drain(1_000)
    ends[0]?.()
    expect(await drained).toEqual([])
    expect(deliveries.size).toBe(0)
  })

  test('is not begun once the bus is stopping', async () => {
    const deliveries = new Deliveries(new ManualClock(), () => {})
    await deliveries.drain(0)
    const { incoming, log } = delivery('1')
    await deliveries.run(incoming, async () => void log.push('begun'))
    expect(log).toEqual(['release'])
  })

  test('goes back unharmed, and by name, when the stop broke it off', async () => {
    const clock = new ManualClock()
    const faults: unknown[] = []
    const deliveries = new Deliveries(clock, (_incoming, error) => faults.push(error))
    const { incoming, log } = delivery('1')
    void deliveries.run(
      incoming,
      () =>
        new Promise((_resolve, reject) => {
          deliveries.ending.onAbort(() => reject(deliveries.ending.reason))
        }),
    )
    const drained = deliveries.drain(1_000)
    await clock.advance(750)
    expect(await drained).toEqual(['event:a.B.v1 1'])
    expect(log).toEqual(['release'])
    expect(faults).toEqual([])
  })

  test('goes back to its queue when the bus itself trips over it', async () => {
    const faults: unknown[] = []
    const deliveries = new Deliveries(new ManualClock(), (_incoming, error) => faults.push(error))
    const { incoming, log } = delivery('1')
    const fault = new Error('a fault')
    await deliveries.run(incoming, () => Promise.reject(fault))
    expect(log).toEqual(['reject true'])
    expect(faults).toEqual([fault])
  })
})

describe('a time limit', () => {
  const limit = { handler: 'a.B', ms: 100, outer: () => [] }

  test('ends work that takes longer, as something that may still have happened', async () => {
    const clock = new ManualClock()
    let told: unknown
    const work = withinLimit(clock, limit, ({ signal }) => {
      signal.addEventListener('abort', () => {
        told = signal.reason
      })
      return forever()
    })
    const failure = work.catch((error: unknown) => error)
    await clock.advance(100)
    expect(await failure).toMatchObject({ code: 'HandlerTimeout', outcome: 'unknown', details: { ms: 100 } })
    expect(told).toBe(await failure)
  })

  test('leaves alone what ends in time', async () => {
    const clock = new ManualClock()
    const signals: AbortSignal[] = []
    expect(await withinLimit(clock, limit, async ({ signal }) => signals.push(signal))).toBe(1)
    await clock.advance(200)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('tells work that something else ends it, and lets it say how', async () => {
    const outer = new Aborter()
    const work = withinLimit(new ManualClock(), { ...limit, outer: () => [outer] }, ({ signal }) => {
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))
    })
    outer.abort('the stop')
    expect(await work).toBe('the stop')
    const late = withinLimit(
      new ManualClock(),
      { ...limit, outer: () => [outer] },
      async ({ signal }) => signal,
    )
    expect((await late).reason).toBe('the stop')
  })
})

describe('a retry in place', () => {
  test('pauses twice as long each time, up to 5 s, and gives up after a minute with the last error', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const work = retryInPlace(clock, new Aborter(), never, async (retry) => {
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
    const work = retryInPlace(clock, new Aborter(), never, async () => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
    })
    await clock.advance(60)
    await work
    expect(tries).toBe(3)
  })

  test('ends with the first error after which another try is pointless', async () => {
    let tries = 0
    const work = retryInPlace(
      new ManualClock(),
      new Aborter(),
      () => tries === 1,
      () => Promise.reject(new Error(`try ${++tries}`)),
    )
    await expect(work).rejects.toThrow('try 1')
  })

  test('ends at once, in the middle of a pause, when it is told to stop', async () => {
    const stopping = new Aborter()
    const work = retryInPlace(new ManualClock(), stopping, never, () => Promise.reject(new Error('always')))
    const failure = expect(work).rejects.toThrow('always')
    await settle()
    stopping.abort('the stop')
    await failure
  })
})
