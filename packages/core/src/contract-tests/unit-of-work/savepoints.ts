import assert from 'node:assert/strict'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { Transaction } from '../../unit-of-work/unit-of-work.ts'
import { rejectsWith, type StoreFixture, type StoreTest, signal } from './store-fixture.ts'

/** What part of a unit may fail alone. */
export function savepoints(storeTest: StoreTest): void {
  storeTest('C76 a failed savepoint undoes its writes, and the unit goes on', async (store) => {
    const key = { consumer: 'commands', source: 'shop', messageId: uuidV7() }
    const transaction = await store.units.begin()
    const failure = new Error('alone')
    const alone = transaction.unit.savepoint(async () => {
      await transaction.inbox.claim(key, 'body')
      throw failure
    })
    await assert.rejects(alone, (error) => error === failure)
    assert.deepEqual(await transaction.inbox.claim(key, 'other body'), { first: true })
    await transaction.commit()
  })

  storeTest('a savepoint that succeeds gives its result and keeps its writes', async (store) => {
    const key = { consumer: 'commands', source: 'shop', messageId: uuidV7() }
    const transaction = await store.units.begin()
    const claim = await transaction.unit.savepoint(() => transaction.inbox.claim(key, 'body'))
    await transaction.commit()
    assert.deepEqual(claim, { first: true })
    assert.equal(await isFree(store, key), false)
  })

  storeTest('a savepoint inside another is undone with it, and alone', async (store) => {
    const [outer, failing, lost] = [keyOf(uuidV7()), keyOf(uuidV7()), keyOf(uuidV7())]
    const transaction = await store.units.begin()
    const claim = (key: InboxKey) => transaction.inbox.claim(key, 'body')
    await transaction.unit.savepoint(async ({ savepoint }) => {
      await claim(outer)
      await assert.rejects(savepoint(() => claim(failing).then(fail)))
    })
    const undone = transaction.unit.savepoint(async ({ savepoint }) => {
      await savepoint(() => claim(lost))
      fail()
    })
    await assert.rejects(undone)
    await transaction.commit()
    const free = await Promise.all([outer, failing, lost].map((key) => isFree(store, key)))
    assert.deepEqual(free, [false, true, true])
  })

  storeTest('savepoints side by side are refused, and harm neither the first nor the unit', async (store) => {
    const [first, second] = [keyOf(uuidV7()), keyOf(uuidV7())]
    const transaction = await store.units.begin()
    const { unit, inbox } = transaction
    const { given, give } = signal()
    const open = unit.savepoint(async (inner) => {
      await inbox.claim(first, 'body')
      await given
      return inner
    })
    await rejectsWith(
      unit.savepoint(() => inbox.claim(second, 'body')),
      'SavepointOverlap',
    )
    give()
    const ended = await open
    await rejectsWith(
      ended.savepoint(async () => undefined),
      'SavepointOverlap',
    )
    await unit.savepoint(async () => undefined)
    await transaction.commit()
    assert.deepEqual([await isFree(store, first), await isFree(store, second)], [false, true])
  })

  storeTest('a savepoint waits for the one inside it that its work left open', async (store) => {
    const key = keyOf(uuidV7())
    const transaction = await store.units.begin()
    let inside: Promise<unknown> | undefined
    const outer = transaction.unit.savepoint(async ({ savepoint }) => {
      inside = savepoint(() => transaction.inbox.claim(key, 'body'))
      fail()
    })
    await assert.rejects(outer)
    assert.deepEqual(await inside, { first: true })
    await transaction.commit()
    assert.equal(await isFree(store, key), true)
  })

  storeTest('a unit with an open savepoint does not commit', async (store) => {
    const key = keyOf(uuidV7())
    const unit = await store.units.start()
    const { given, give } = signal()
    const open = unit.savepoint(() => given)
    const ended = assert.rejects(open, { code: 'UnitEnded' })
    await rejectsWith(unit.commit(), 'SavepointOverlap')
    assert.equal(unit.state, 'rolled-back')
    give()
    await ended
    assert.equal(await isFree(store, key), true)
  })
}

type InboxKey = Parameters<Transaction['inbox']['claim']>[0]

function keyOf(messageId: string): InboxKey {
  return { consumer: 'commands', source: 'shop', messageId }
}

/** Whether nobody has claimed a message and committed. */
async function isFree({ units }: StoreFixture, key: InboxKey): Promise<boolean> {
  const transaction = await units.begin()
  const { first } = await transaction.inbox.claim(key, 'body')
  await transaction.rollback()
  return first
}

function fail(): never {
  throw new Error('undo')
}
