import assert from 'node:assert/strict'
import type { OutboxQueue } from '../../outbox/outbox.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import {
  type StoreFixture,
  type StoreSetup,
  storedEntries,
  withStore,
} from '../unit-of-work/store-fixture.ts'

const GRACE = 2_000
const LEASE = 30_000

/** What every outbox must do with the entries for local handlers. */
export function localEntriesContract(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)

  storeTest('local entries are none of the broker’s business, nor the other way round', async (store) => {
    await storedEntries(store, {}, { handler: 'view', key: null })
    await store.elapse(GRACE)
    const taken: (string | null)[] = []
    await store.queue.deliver(10, async (entries) => {
      taken.push(...entries.map(({ handler }) => handler))
      return []
    })
    assert.deepEqual(taken, [null])
    const local = await store.queue.takeLocal(10, LEASE)
    assert.deepEqual(
      local.map(({ handler }) => handler),
      ['view'],
    )
  })

  storeTest('a local entry is left to the process that wrote it for two seconds', async (store) => {
    const positions = await local(store, 1)
    await store.elapse(GRACE - 1_000)
    assert.deepEqual(await take(store.queue), [])
    await store.elapse(1_000)
    assert.deepEqual(await take(store.queue), positions)
  })

  storeTest('a local entry is given to one taker until its lease has run out', async (store) => {
    const positions = await local(store, 3)
    await store.elapse(GRACE)
    const takers = [await take(store.queue, 2), await take(store.queue, 2), await take(store.queue, 2)]
    assert.deepEqual(takers, [positions.slice(0, 2), positions.slice(2), []])
    await store.elapse(LEASE)
    assert.deepEqual(await take(store.queue), positions)
  })

  storeTest('an entry that was struck off is gone', async (store) => {
    const [position = ''] = await local(store, 1)
    const transaction = await store.units.begin()
    assert.equal(await transaction.outbox.strikeOff(position), true)
    await transaction.commit()
    assert.equal((await store.queue.depth()).local, 0)
    assert.equal(await store.queue.lease(position, LEASE), false)
  })

  storeTest('a strike-off that is rolled back leaves the entry', async (store) => {
    const [position = ''] = await local(store, 1)
    const transaction = await store.units.begin()
    await transaction.outbox.strikeOff(position)
    await transaction.rollback()
    assert.equal((await store.queue.depth()).local, 1)
  })

  storeTest('a lease keeps an entry from the others, and only one can have it', async (store) => {
    const [position = ''] = await local(store, 1)
    assert.equal(await store.queue.lease(position, LEASE), true)
    assert.equal(await store.queue.lease(position, LEASE), false)
    await store.elapse(GRACE)
    assert.deepEqual(await take(store.queue), [])
    await store.elapse(LEASE)
    assert.deepEqual(await take(store.queue), [position])
    assert.equal(await store.queue.lease(position, LEASE), false)
  })

  storeTest('a failed local entry is due again after a pause, for any taker', async (store) => {
    const [position = ''] = await local(store, 1)
    await store.queue.lease(position, LEASE)
    await store.queue.fail(position, new Error('no'))
    assert.deepEqual(await take(store.queue), [])
    await store.elapse(200)
    const [entry] = await store.queue.takeLocal(10, LEASE)
    assert.deepEqual([entry?.position, entry?.attempts], [position, 1])
  })

  storeTest(
    'a local entry that has failed twenty times is a dead letter, which can be replayed',
    async (store) => {
      const [position = ''] = await local(store, 1)
      for (let failures = 1; failures <= 20; failures++)
        await store.queue.fail(position, new Error(`no ${failures}`))
      await store.elapse(GRACE + 60_000)
      assert.deepEqual(await take(store.queue), [])
      assert.equal((await store.queue.deadLetters())[0]?.reason, 'Error: no 20')
      assert.equal(await store.queue.lease(position, LEASE), false)
      const transaction = await store.units.begin()
      assert.equal(await transaction.outbox.strikeOff(position), false)
      await transaction.rollback()
      assert.equal(await store.queue.replay(position), true)
      assert.deepEqual(await take(store.queue), [position])
    },
  )

  storeTest('a local entry that failed for good is a dead letter at once', async (store) => {
    const [doomed = '', other = ''] = await local(store, 2)
    await store.queue.fail(doomed, new Error('never'), false)
    await store.queue.fail(other, new Error('no'), true)
    const dead = await store.queue.deadLetters()
    assert.deepEqual(
      dead.map(({ position, reason }) => [position, reason]),
      [[doomed, 'Error: never']],
    )
    await store.elapse(GRACE)
    assert.deepEqual(await take(store.queue), [other])
  })

  storeTest('failing an entry that has gone changes nothing', async (store) => {
    await store.queue.fail('999999999', new Error('no'))
    assert.deepEqual(await store.queue.depth(), { broker: 0, local: 0, dead: 0, oldest: 0 })
  })
}

function local(store: StoreFixture, count: number): Promise<readonly string[]> {
  return storedEntries(store, ...Array.from({ length: count }, () => ({ handler: 'view' })))
}

async function take(queue: OutboxQueue, limit = 10): Promise<readonly string[]> {
  return (await queue.takeLocal(limit, LEASE)).map(({ position }) => position)
}
