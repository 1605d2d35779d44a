import assert from 'node:assert/strict'
import type { InboxClaim, InboxKey } from '../../inbox/inbox.ts'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import {
  isPending,
  rejectsWith,
  type StoreFixture,
  type StoreSetup,
  withStore,
} from '../unit-of-work/store-fixture.ts'

/** What every inbox must do. */
export function inboxContract(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)

  storeTest('C48 a message claimed before comes back with the outcome that was recorded', async (store) => {
    const succeeded = freshKey()
    const failed = freshKey()
    const result = { status: 'allocated', lines: [1, null, 'ö'] }
    const error = { name: 'InvalidSku', data: { sku: 'CHAIR' } }
    const unit = await store.units.begin()
    assert.deepEqual(await unit.inbox.claim(succeeded, 'body'), { first: true })
    unit.inbox.record(succeeded, { ok: true, result })
    await unit.inbox.claim(failed, 'body')
    unit.inbox.record(failed, { ok: false, error })
    await unit.commit()
    assert.deepEqual(await claim(store, succeeded), { first: false, outcome: { ok: true, result } })
    assert.deepEqual(await claim(store, failed), { first: false, outcome: { ok: false, error } })
  })

  storeTest('a message claimed and committed without an outcome has none to give', async (store) => {
    const key = freshKey()
    await claim(store, key, 'body', 'commit')
    assert.deepEqual(await claim(store, key), { first: false, outcome: { ok: true } })
  })

  storeTest('the result of a command that gives nothing is nothing', async (store) => {
    const key = freshKey()
    const unit = await store.units.begin()
    await unit.inbox.claim(key, 'body')
    unit.inbox.record(key, { ok: true, result: undefined })
    await unit.commit()
    const again = await claim(store, key)
    assert.equal(!again.first && again.outcome.ok && again.outcome.result, undefined)
  })

  storeTest('a claim vanishes with its unit', async (store) => {
    const key = freshKey()
    await claim(store, key)
    assert.deepEqual(await claim(store, key), { first: true })
  })

  storeTest('C49 the same id with another body is refused', async (store) => {
    const key = freshKey()
    await claim(store, key, 'one body', 'commit')
    await rejectsWith(claim(store, key, 'another body'), 'IdempotencyKeyReuse')
  })

  storeTest('C37 C38 consumers and senders do not use up the ids of others', async (store) => {
    const key = freshKey()
    await claim(store, key, 'body', 'commit')
    assert.equal((await claim(store, { ...key, source: 'mallory' }, 'another body')).first, true)
    assert.equal((await claim(store, { ...key, consumer: 'view' })).first, true)
    assert.equal((await claim(store, key)).first, false)
  })

  storeTest('C36 a second claim waits for the first, and gets its outcome when it commits', async (store) => {
    const key = freshKey()
    const first = await store.units.begin()
    await first.inbox.claim(key, 'body')
    first.inbox.record(key, { ok: true, result: 1 })
    const second = claim(store, key)
    assert.ok(await isPending(second))
    await first.commit()
    assert.deepEqual(await second, { first: false, outcome: { ok: true, result: 1 } })
  })

  storeTest('a second claim waits for the first, and is the first when that rolls back', async (store) => {
    const key = freshKey()
    const first = await store.units.begin()
    await first.inbox.claim(key, 'body')
    const second = claim(store, key)
    assert.ok(await isPending(second))
    await first.rollback()
    assert.deepEqual(await second, { first: true })
  })

  storeTest('an outcome cannot be recorded for a message that the unit did not claim', async (store) => {
    const unit = await store.units.begin()
    const { inbox } = unit
    assert.throws(() => inbox.record(freshKey(), { ok: true, result: 1 }), { code: 'NotClaimed' })
    const applied = freshKey()
    await claim(store, applied, 'body', 'commit')
    await inbox.claim(applied, 'body')
    assert.throws(() => inbox.record(applied, { ok: true, result: 1 }), { code: 'NotClaimed' })
    await unit.rollback()
  })

  storeTest('C85 purge forgets what is older than it was told, and nothing else', async (store) => {
    const [old, young] = [freshKey(), freshKey()]
    await claim(store, old, 'body', 'commit')
    await store.elapse(15 * DAY)
    await claim(store, young, 'body', 'commit')
    assert.equal(await store.inbox.purge(16 * DAY), 0)
    assert.equal(await store.inbox.purge(), 1)
    assert.equal((await claim(store, old)).first, true)
    assert.equal((await claim(store, young)).first, false)
  })
}

const DAY = 24 * 3_600_000

function freshKey(): InboxKey {
  return { consumer: 'commands', source: 'shop', messageId: uuidV7() }
}

/** Claims in a unit of its own, which rolls back unless told to commit. */
async function claim(
  { units }: StoreFixture,
  key: InboxKey,
  fingerprint = 'body',
  end: 'commit' | 'rollback' = 'rollback',
): Promise<InboxClaim> {
  const unit = await units.begin()
  try {
    return await unit.inbox.claim(key, fingerprint)
  } finally {
    await unit[end]()
  }
}
