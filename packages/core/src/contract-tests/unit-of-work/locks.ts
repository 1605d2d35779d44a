import assert from 'node:assert/strict'
import { isPending, type StoreTest, storedBasket } from './store-fixture.ts'

/** Waiting for aggregates that another unit holds. */
export function locks(storeTest: StoreTest): void {
  storeTest('a unit that asks twice at once for a locked aggregate gets it twice', async (store) => {
    const id = await storedBasket(store)
    const holder = await store.units.start()
    await holder.baskets.get(id, { lock: 'update' })
    await using unit = await store.units.start()
    const both = Promise.all([
      unit.baskets.get(id, { lock: 'update' }),
      unit.baskets.get(id, { lock: 'update' }),
    ])
    assert.equal(await isPending(both), true)
    await holder.rollback()
    const [first, second] = await both
    assert.equal(first?.id, id)
    assert.equal(first, second)
  })

  storeTest('aborting the signal ends what waits with its reason, and rolls the unit back', async (store) => {
    const id = await storedBasket(store)
    await using holder = await store.units.start()
    await holder.baskets.get(id, { lock: 'update' })
    const abort = new AbortController()
    const unit = await store.units.start({ signal: abort.signal })
    assert.equal(unit.signal, abort.signal)
    const waiting = unit.baskets.get(id, { lock: 'update' })
    assert.ok(await isPending(waiting))
    const reason = new Error('too late')
    abort.abort(reason)
    await assert.rejects(waiting, (error) => error === reason)
    await assert.rejects(unit.commit(), (error) => error === reason)
    await unit.rollback()
    assert.equal(unit.state, 'rolled-back')
    await assert.rejects(store.units.start({ signal: abort.signal }), (error) => error === reason)
  })
}
