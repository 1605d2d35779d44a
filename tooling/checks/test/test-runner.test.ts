import { defineDomain } from '@posthorn/core'
import { expect, test } from 'vitest'

test('a test may write `await using`, which Node 20 does not know', async () => {
  const order: string[] = []
  {
    await using unit = { [Symbol.asyncDispose]: async () => void order.push('disposed') }
    order.push(typeof unit)
  }
  expect(order).toEqual(['object', 'disposed'])
})

test('a test runs on the sources of other packages, not on their builds', () => {
  const failed = (() => {
    try {
      return defineDomain('Not a name', {})
    } catch (error) {
      return error
    }
  })()
  expect((failed as Error).stack).toContain('/packages/core/src/')
})
