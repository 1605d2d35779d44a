import { expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import { setUp } from './relay-world.ts'

test('a slow local entry holds up no other', async () => {
  const { relay, clock, storeLocal, dispatched } = setUp(undefined, {
    dispatch: ({ handler }) => (handler === 'slow' ? new Promise(() => undefined) : Promise.resolve()),
  })
  await storeLocal('slow', ...Array.from({ length: 20 }, () => 'quick'))
  relay.start()
  await clock.advance(5_000)
  expect(dispatched).toHaveLength(21)
  const stopping = relay.stop({ deadline: 10 })
  await clock.advance(20)
  await stopping
})

test('a local entry that its process left behind is dispatched after two seconds', async () => {
  const { relay, clock, storeLocal, dispatched } = setUp()
  const [id] = await storeLocal('view')
  relay.start()
  await clock.advance(1_900)
  expect(dispatched).toEqual([])
  await clock.advance(1_100)
  expect(dispatched).toEqual([id])
  await relay.stop()
})

test('a local entry whose handler fails is tried again after a growing pause, and dead in the end', async () => {
  const { relay, clock, storeLocal, dispatched, queue } = setUp(undefined, {
    dispatch: () => Promise.reject(new Error('no')),
  })
  await storeLocal('view')
  relay.start()
  await clock.advance(10_000)
  expect(dispatched.length).toBeGreaterThan(2)
  expect(dispatched.length).toBeLessThan(8)
  await clock.advance(60 * 60_000)
  expect(dispatched.length).toBe(20)
  expect((await queue.deadLetters()).map(({ reason }) => reason)).toEqual(['Error: no'])
  await relay.stop()
})

test('a local entry that is doomed is a dead letter at once, one that a newer instance may know is not', async () => {
  const { relay, clock, storeLocal, queue } = setUp(undefined, {
    dispatch: ({ handler }) => Promise.reject(new PosthornError(handler ?? '', 'no')),
  })
  await storeLocal('ChainTooLong', 'NoHandler', 'UnknownVersion')
  relay.start()
  await clock.advance(3_500)
  expect((await queue.deadLetters()).map(({ reason }) => reason)).toEqual(['ChainTooLong: no'])
  expect(await queue.depth()).toMatchObject({ local: 2 })
  await relay.stop()
})

test('a bus that is not started fails no entry', async () => {
  const { relay, clock, storeLocal, queue } = setUp(undefined, {
    dispatch: () => Promise.reject(new PosthornError('BusNotStarted', 'no', { outcome: 'not-executed' })),
  })
  await storeLocal('view')
  relay.start()
  await clock.advance(3_600_000)
  expect(await queue.deadLetters()).toEqual([])
  expect(await queue.depth()).toMatchObject({ local: 1 })
  await relay.stop()
})
