import { expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import { retryConflicts } from '../../../src/unit-of-work/retry-conflicts.ts'
import { ManualClock } from '../manual-clock.ts'

test.each(['ConcurrencyConflict', 'SerializationConflict', 'ConnectionLost'])(
  '%s is tried again',
  async (code) => {
    const { tried, result } = await attempt(() => conflict(code), 2)
    expect(tried).toEqual([1, 2])
    expect(result).toBe('done')
  },
)

test('a conflict inside an error of somebody else is one too', async () => {
  const { tried } = await attempt(
    () => new Error('Failed query', { cause: conflict('SerializationConflict') }),
    2,
  )
  expect(tried).toEqual([1, 2])
})

test.each([
  ['another error', () => new Error('no')],
  ['an error of ours', () => conflict('AggregateExists')],
  [
    'an error of ours that a conflict has caused',
    () => new PosthornError('HandlersFailed', 'no', { cause: conflict('ConcurrencyConflict') }),
  ],
  ['a broker that was lost', () => new PosthornError('ConnectionLost', 'no', { outcome: 'unknown' })],
  [
    'a commit whose outcome nobody knows',
    () => new PosthornError('CommitOutcomeUnknown', 'no', { outcome: 'unknown' }),
  ],
])('%s is not tried again', async (_name, make) => {
  const error = make()
  const { tried, result } = await attempt(() => error, 2)
  expect(tried).toEqual([1])
  expect(result).toBe(error)
})

test('the last conflict is thrown as it is, after as many attempts as the policy allows', async () => {
  const { tried, result } = await attempt(() => conflict('ConcurrencyConflict'), 100)
  expect(tried).toEqual([1, 2, 3, 4])
  expect(result).toMatchObject({ code: 'ConcurrencyConflict' })
})

test('pauses are anything up to a limit that doubles until the cap', async () => {
  const paused: number[] = []
  const clock = new ManualClock()
  const noting = {
    now: () => clock.now(),
    after: (ms: number, fn: () => void) => {
      paused.push(ms)
      return clock.after(0, fn)
    },
  }
  const policy = { attempts: 6, base: 4, cap: 20 }
  const work = () => Promise.reject(conflict('ConcurrencyConflict'))
  const running = retryConflicts(policy, noting, work, () => 0.5).catch(() => undefined)
  await clock.advance(1)
  await running
  expect(paused).toEqual([2, 4, 8, 10, 10])
})

async function attempt(error: () => Error, succeedsAt: number) {
  const clock = new ManualClock()
  const tried: number[] = []
  const policy = { attempts: 4, base: 4, cap: 20 }
  const running = retryConflicts(policy, clock, async (number) => {
    tried.push(number)
    if (number < succeedsAt) throw error()
    return 'done'
  }).catch((reason: unknown) => reason)
  await clock.advance(1_000)
  return { tried, result: await running }
}

function conflict(code: string): PosthornError {
  return new PosthornError(code, 'in the way', { outcome: 'failed', retryable: true })
}
