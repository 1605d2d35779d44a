import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'

const wallMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a virtual clock', () => {
  test('stands still, and when put forward has all happen that falls due, in its order', async () => {
    const clock = new VirtualClock()
    const seen: [string, number][] = []
    const note = (what: string) => () => void seen.push([what, clock.now()])
    clock.after(20, note('second'))
    clock.after(10, note('first'))
    clock.after(20, note('third'))
    clock.after(31, note('too late'))
    const cancel = clock.after(15, note('cancelled'))
    cancel()
    await wallMs(5)
    expect(clock.now()).toBe(0)
    await clock.advance(30)
    expect(seen).toEqual([
      ['first', 10],
      ['second', 20],
      ['third', 20],
    ])
    expect(clock.now()).toBe(30)
  })

  test('lets go on what waited, so that it can wait again in the same while', async () => {
    const clock = new VirtualClock()
    const rest = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
    let times = 0
    const work = async () => {
      for (; times < 3; times++) await rest(10)
    }
    const working = work()
    await clock.advance(30)
    await working
    expect(times).toBe(3)
  })

  test('can be put forward to whatever is next', () => {
    const clock = new VirtualClock()
    let rang = 0
    clock.after(5, () => rang++)
    clock.after(86_400_000, () => rang++)
    expect(clock.skip()).toBe(true)
    expect([clock.now(), rang]).toEqual([5, 1])
    clock.skip()
    expect([clock.now(), rang]).toEqual([86_400_000, 2])
    expect(clock.skip()).toBe(false)
  })

  test('that flows goes on as the wall’s, and can be put forward too', async () => {
    const clock = new VirtualClock({ flows: true })
    const rest = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
    await rest(10)
    expect(clock.now()).toBeGreaterThanOrEqual(10)
    const late = rest(10_000)
    let early = false
    const soon = rest(20).then(() => {
      early = true
    })
    await clock.advance(10_001)
    await late
    await soon
    expect(early).toBe(true)
    expect(clock.now()).toBeGreaterThan(10_010)
  })
})
