import { describe, expect, test } from 'vitest'
import { BackOff } from '../../src/back-off.ts'
import type { Loss } from '../../src/loss.ts'

function take(backOff: BackOff, kind: Loss['kind'], times: number): number[] {
  return Array.from({ length: times }, () => Math.round(backOff.next(kind)))
}

const longest = () => 1
const shortest = () => 0

/** Numbers as if by chance: Marsaglia's xorshift. */
function dice(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

describe('the wait before the next try', () => {
  test('doubles at most from 100 ms to 15 s', () => {
    expect(take(new BackOff(longest), 'transient', 10)).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000,
    ])
  })

  test('may be nothing at all: jitter is full', () => {
    expect(take(new BackOff(shortest), 'transient', 3)).toEqual([0, 0, 0])
  })

  test('is from 5 to 60 s for what a person must mend', () => {
    expect(take(new BackOff(shortest), 'permanent', 3)).toEqual([5_000, 5_000, 5_000])
    expect(take(new BackOff(longest), 'permanent', 6)).toEqual([
      10_000, 15_000, 25_000, 45_000, 60_000, 60_000,
    ])
  })

  test('stays short for a message that the decoder choked on', () => {
    expect(take(new BackOff(longest), 'decoder', 20)).toEqual(Array(20).fill(100))
  })

  test('F1 is half a second at most for a broker that is not there, however long it has been away', () => {
    expect(take(new BackOff(longest), 'absent', 20)).toEqual(Array(20).fill(500))
    expect(take(new BackOff(shortest), 'absent', 1)).toEqual([0])
  })

  test('F7 after ten seconds of a storm there are at most thirty tries a minute, whatever the dice say', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const backOff = new BackOff(dice(seed))
      let tries = 0
      for (let at = 0; at < 70_000; at += backOff.next('transient')) if (at > 10_000) tries += 1
      expect(tries, `with the dice of ${seed}`).toBeLessThanOrEqual(30)
    }
  })

  test('starts anew only after 30 s of calm', () => {
    let now = 0
    const backOff = new BackOff(longest, () => now)
    take(backOff, 'transient', 5)
    backOff.succeeded()
    now += 29_999
    expect(take(backOff, 'transient', 1)).toEqual([3_200])
    backOff.succeeded()
    now += 30_000
    expect(take(backOff, 'transient', 2)).toEqual([100, 200])
  })

  test('does not take a long time without a connection for calm', () => {
    let now = 0
    const backOff = new BackOff(longest, () => now)
    backOff.succeeded()
    take(backOff, 'transient', 5)
    now += 100_000
    expect(take(backOff, 'transient', 1)).toEqual([3_200])
  })
})
