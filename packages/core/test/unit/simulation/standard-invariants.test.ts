import { simulate } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { failureOf } from './failure-of.ts'
import { book, theatreWorld } from './theatre.ts'

describe('every request is served', () => {
  const broken = theatreWorld(() => {
    throw new TypeError('no box office')
  })

  test.each([{ faults: [] }, {}])('a handler that always throws breaks that, with %o', async (options) => {
    const { invariant, message } = await failureOf(simulate(broken, { ...options, shrink: 0 }))

    expect(invariant).toBe('every request is served')
    expect(message).toMatch(/web has asked for theatre.Book \S+ 25 times, in vain: RemoteError/)
  })

  test('unless the script says that it may fail', async () => {
    const mayFail = { ...broken, script: () => [{ ...book('Ann', 0), mayFail: true }] }

    expect((await simulate(mayFail, { seeds: 1 })).requests).toBe(1)
  })
})
