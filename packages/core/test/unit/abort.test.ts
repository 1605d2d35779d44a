import { describe, expect, test, vi } from 'vitest'
import { Aborter, abortOf, withSignal } from '../../src/abort.ts'

describe('what is aborted', () => {
  test('tells all who listen, once, and those who ask for a signal before or after', () => {
    const aborter = new Aborter()
    const { signal } = aborter
    const heard: unknown[] = []
    aborter.onAbort(() => heard.push(aborter.reason))
    const forget = aborter.onAbort(() => heard.push('forgotten'))
    forget()
    expect([aborter.aborted, signal.aborted]).toEqual([false, false])
    aborter.abort('why')
    aborter.abort('again')
    expect(heard).toEqual(['why'])
    expect([signal.aborted, signal.reason, aborter.signal === signal]).toEqual([true, 'why', true])

    const late = new Aborter()
    late.abort('before')
    expect(late.signal.reason).toBe('before')
  })
})

describe('the abort of an object with a signal', () => {
  test('is that of who has the signal, which is not made for it', () => {
    const aborter = new Aborter()
    const made = vi.spyOn(aborter, 'signal', 'get')
    const context = withSignal({ caller: 'shop' }, aborter)
    expect(abortOf(withSignal({ attempt: 1 }, context))).toBe(aborter)
    expect(made).not.toHaveBeenCalled()
    expect(context.signal).toBe(aborter.signal)
  })

  test('is of the signal that a copy was given, not of the one it was copied with', () => {
    const other = new AbortController()
    const copy = { ...withSignal({ caller: 'shop' }, new Aborter()), signal: other.signal }
    const abort = abortOf(copy)
    other.abort('other')
    expect([abort?.aborted, abort?.reason]).toEqual([true, 'other'])
  })

  test('listens to a signal for as long as it is asked to', () => {
    const controller = new AbortController()
    const abort = abortOf(controller)
    const heard: string[] = []
    abort?.onAbort(() => heard.push('kept'))
    abort?.onAbort(() => heard.push('forgotten'))()
    controller.abort()
    expect(heard).toEqual(['kept'])
    expect(abortOf({})).toBeUndefined()
  })
})
