import assert from 'node:assert/strict'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { Basket } from '../unit-of-work/market.ts'
import {
  isPending,
  readBasket,
  rejectsWith,
  type StoreFixture,
  type StoreTest,
  storedBasket,
} from '../unit-of-work/store-fixture.ts'

/** What `getPart` promises. */
export function partsOfAggregates(storeTest: StoreTest): void {
  storeTest('a part has the root and those children that belong to it, and no others', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 2 })
    await storedBasket(store, { TABLE: 9 })
    await inPart(store, id, 'TABLE', (basket) => {
      assert.deepEqual([basket.id, basket.open, basket.version], [id, true, 1])
      assert.deepEqual(basket.items, [{ sku: 'TABLE', qty: 2 }])
    })
    await inPart(store, id, 'SOFA', ({ items }) => assert.deepEqual(items, []))
  })

  storeTest('nothing is part of what nobody stored', async (store) => {
    await store.units.run(async ({ baskets }) => {
      assert.equal(await baskets.getWithItem(uuidV7(), 'TABLE'), undefined)
    })
  })

  storeTest(
    'a commit writes what has changed of a part, and leaves alone what was not read',
    async (store) => {
      const id = await storedBasket(store, { CHAIR: 1, TABLE: 2 })
      await inPart(store, id, 'TABLE', (basket) => basket.put('TABLE', 3))
      assert.deepEqual(await itemsOf(store, id), { CHAIR: 1, TABLE: 3 })
      await inPart(store, id, 'SOFA', (basket) => {
        basket.owner = 'Ada'
        basket.put('SOFA', 4)
      })
      assert.deepEqual(await itemsOf(store, id), { CHAIR: 1, SOFA: 4, TABLE: 3 })
      await inPart(store, id, 'TABLE', (basket) => basket.drop('TABLE'))
      assert.deepEqual(await itemsOf(store, id), { CHAIR: 1, SOFA: 4 })
      const { version, owner } = (await readBasket(store, id)) as Basket
      assert.deepEqual([version, owner], [4, 'Ada'])
    },
  )

  storeTest('reading a part changes nothing', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 2 })
    await inPart(store, id, 'TABLE', () => undefined)
    assert.equal((await readBasket(store, id))?.version, 1)
  })

  storeTest('a child that was not read cannot be added a second time', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 2 })
    await assert.rejects(inPart(store, id, 'TABLE', (basket) => basket.put('CHAIR', 9)))
    assert.deepEqual(await itemsOf(store, id), { CHAIR: 1, TABLE: 2 })
  })

  storeTest(
    'of two units that changed different parts of an aggregate one gets a conflict',
    async (store) => {
      const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
      await using winner = await store.units.start()
      await using loser = await store.units.start()
      const won = await winner.baskets.getWithItem(id, 'CHAIR')
      const lost = await loser.baskets.getWithItem(id, 'TABLE')
      won?.put('CHAIR', 2)
      lost?.put('TABLE', 2)
      await winner.commit()
      await rejectsWith(loser.commit(), 'ConcurrencyConflict')
      assert.deepEqual(await itemsOf(store, id), { CHAIR: 2, TABLE: 1 })
    },
  )

  storeTest('who holds a part for update holds all of the aggregate', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
    await using holder = await store.units.start()
    const held = await holder.baskets.getWithItem(id, 'CHAIR', { lock: 'update' })
    const other = store.units.run(async ({ baskets, attempt }) => {
      const basket = await baskets.getWithItem(id, 'TABLE', { lock: 'update' })
      basket?.put('TABLE', 2)
      return attempt
    })
    assert.ok(await isPending(other))
    held?.put('CHAIR', 2)
    await holder.commit()
    assert.equal(await other, 1)
    assert.deepEqual(await itemsOf(store, id), { CHAIR: 2, TABLE: 2 })
  })

  storeTest('a unit that has read a part is refused all else of that aggregate', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
    const other = await storedBasket(store)
    await using unit = await store.units.start()
    const { baskets } = unit
    const part = await baskets.getWithItem(id, 'CHAIR')
    assert.ok(part)
    await rejectsWith(baskets.get(id), 'PartlyLoaded')
    await rejectsWith(baskets.get(id, { lock: 'update' }), 'PartlyLoaded')
    await rejectsWith(baskets.getWithItem(id, 'TABLE'), 'PartlyLoaded')
    assert.throws(() => baskets.remove(part), { code: 'PartlyLoaded' })
    assert.ok(await baskets.get(other))
  })

  storeTest('of a part and the whole, asked for at once, never both are given out', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
    await using unit = await store.units.start()
    const asked = [unit.baskets.getWithItem(id, 'CHAIR'), unit.baskets.get(id)]
    const [part, whole] = await Promise.allSettled(asked)
    if (part?.status === 'fulfilled' && whole?.status === 'fulfilled') assert.equal(part.value, whole.value)
    if (whole?.status === 'fulfilled') assert.equal(whole.value?.items.length, 2)
  })

  storeTest('of what a unit has whole, it gets the whole for a part', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
    await store.units.run(async ({ baskets }) => {
      const whole = await baskets.get(id)
      assert.equal(await baskets.getWithItem(id, 'CHAIR'), whole)
      assert.equal(await baskets.getWithItem(id, 'CHAIR', { lock: 'update' }), whole)
      assert.equal(whole?.items.length, 2)
    })
  })
}

async function inPart(
  { units }: StoreFixture,
  id: string,
  sku: string,
  work: (basket: Basket) => void,
): Promise<void> {
  await units.run(async ({ baskets }) => {
    const basket = await baskets.getWithItem(id, sku)
    assert.ok(basket)
    work(basket)
  })
}

async function itemsOf(store: StoreFixture, id: string): Promise<Readonly<Record<string, number>>> {
  const { items } = (await readBasket(store, id)) as Basket
  return Object.fromEntries(items.map(({ sku, qty }) => [sku, qty]))
}
