import assert from 'node:assert/strict'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import { Basket } from '../unit-of-work/market.ts'
import {
  isPending,
  readBasket,
  rejectsWith,
  type StoreFixture,
  type StoreSetup,
  storedBasket,
  withStore,
} from '../unit-of-work/store-fixture.ts'
import { partsOfAggregates } from './parts-of-aggregates.ts'

/** What every repository must do, whatever it keeps its rows in. */
export function repositoryContract(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)
  partsOfAggregates(storeTest)

  storeTest('get gives undefined for an id that nobody stored', async (store) => {
    assert.equal(await readBasket(store, uuidV7()), undefined)
  })

  storeTest(
    'REP-04 get gives the same object for the same id, also one that was only added',
    async (store) => {
      const id = await storedBasket(store)
      await store.units.run(async (unit) => {
        const basket = await unit.baskets.get(id)
        assert.ok(basket)
        assert.equal(await unit.baskets.get(id), basket)
        assert.equal(await unit.baskets.get(id, { lock: 'update' }), basket)
        const added = Basket.new(uuidV7())
        unit.baskets.add(added)
        assert.equal(await unit.baskets.get(added.id), added)
        assert.equal(await unit.baskets.get(added.id, { lock: 'update' }), added)
      })
    },
  )

  storeTest('two reads of one id at the same time give the same object', async (store) => {
    const id = await storedBasket(store)
    await store.units.run(async (unit) => {
      const [one, other] = await Promise.all([unit.baskets.get(id), unit.baskets.get(id)])
      assert.ok(one)
      assert.equal(one, other)
    })
  })

  storeTest('REP-01 U4-03 every kind of column comes back as it went in', async (store) => {
    const id = uuidV7()
    const basket = Basket.new(id)
    basket.owner = "O'Brien; 🧺"
    basket.openedAt = new Date('2026-02-28T23:59:59.123Z')
    basket.put('CHAIR', 2 ** 31 - 1)
    await store.units.run(async (unit) => unit.baskets.add(basket))
    const stored = await readBasket(store, id)
    assert.deepEqual(stored?.openedAt, basket.openedAt)
    assert.equal(stored?.owner, basket.owner)
    assert.equal(stored?.open, true)
    assert.deepEqual(stored?.items, [{ sku: 'CHAIR', qty: 2 ** 31 - 1 }])
  })

  storeTest('U4-04 what has changed is written at commit, without a save', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1, TABLE: 2, LAMP: 3 })
    await change(store, id, (basket) => {
      basket.owner = 'Ada'
      basket.open = false
      basket.openedAt = new Date(0)
      basket.drop('CHAIR')
      basket.put('TABLE', 20)
      basket.put('SOFA', 4)
    })
    const stored = await readBasket(store, id)
    assert.deepEqual([stored?.owner, stored?.open, stored?.openedAt], ['Ada', false, new Date(0)])
    const items = [
      { sku: 'LAMP', qty: 3 },
      { sku: 'SOFA', qty: 4 },
      { sku: 'TABLE', qty: 20 },
    ]
    assert.deepEqual(stored?.items, items)
  })

  storeTest(
    'each commit that changed the aggregate or its children adds exactly 1 to its version',
    async (store) => {
      const id = await storedBasket(store, { CHAIR: 1 })
      const versions = [await version(store, id)]
      for (const work of [
        (basket: Basket) => basket.put('CHAIR', 2),
        (basket: Basket) => basket.put('TABLE', 1),
        (basket: Basket) => basket.drop('CHAIR'),
        (basket: Basket) => {
          basket.owner = 'Ada'
          basket.put('LAMP', 1)
          basket.put('SOFA', 1)
        },
      ]) {
        await change(store, id, work)
        versions.push(await version(store, id))
      }
      assert.deepEqual(versions, [1, 2, 3, 4, 5])
    },
  )

  storeTest('reading, and a change that was undone, leave the version as it is', async (store) => {
    const id = await storedBasket(store, { CHAIR: 1 })
    await change(store, id, () => undefined)
    await change(store, id, (basket) => {
      basket.put('CHAIR', 2)
      basket.put('CHAIR', 1)
    })
    assert.equal(await version(store, id), 1)
  })

  storeTest(
    'of two units that changed the same aggregate one gets a conflict and writes nothing',
    async (store) => {
      const id = await storedBasket(store, { CHAIR: 1, TABLE: 1 })
      const other = uuidV7()
      await using winner = await store.units.start()
      await using loser = await store.units.start()
      const [won, lost] = [await winner.baskets.get(id), await loser.baskets.get(id)]
      won?.put('CHAIR', 2)
      lost?.put('TABLE', 2)
      loser.baskets.add(Basket.new(other))
      await winner.commit()
      await rejectsWith(loser.commit(), 'ConcurrencyConflict')
      const items = [
        { sku: 'CHAIR', qty: 2 },
        { sku: 'TABLE', qty: 1 },
      ]
      assert.deepEqual((await readBasket(store, id))?.items, items)
      assert.equal(await readBasket(store, other), undefined)
    },
  )

  storeTest('a unit that only read is no conflict for one that changed', async (store) => {
    const id = await storedBasket(store)
    await using reader = await store.units.start()
    await reader.baskets.get(id)
    await change(store, id, (basket) => basket.put('CHAIR', 1))
    await reader.commit()
    assert.equal(await version(store, id), 2)
  })

  storeTest('adding an id that is taken fails at commit', async (store) => {
    const id = await storedBasket(store)
    await using unit = await store.units.start()
    unit.baskets.add(Basket.new(id))
    await rejectsWith(unit.commit(), 'AggregateExists')
  })

  storeTest('adding what was looked for in vain, and has been added since, is a conflict', async (store) => {
    const id = uuidV7()
    const put = (sku: string, meanwhile: () => Promise<void>) =>
      store.units.run(async (unit) => {
        const basket = (await unit.baskets.get(id)) ?? Basket.new(id)
        if (basket.version === 0) unit.baskets.add(basket)
        basket.put(sku, 1)
        await meanwhile()
        return unit.attempt
      })
    let meanwhile = 0
    const attempts = await put('CHAIR', async () => {
      meanwhile += 1
      if (meanwhile === 1) await put('TABLE', async () => undefined)
    })
    assert.equal(attempts, 2)
    assert.deepEqual(
      (await readBasket(store, id))?.items.map(({ sku }) => sku),
      ['CHAIR', 'TABLE'],
    )
  })

  storeTest('of two units that add the same id one fails', async (store) => {
    const id = uuidV7()
    await using one = await store.units.start()
    await using other = await store.units.start()
    one.baskets.add(Basket.new(id))
    other.baskets.add(Basket.new(id))
    await one.commit()
    await rejectsWith(other.commit(), 'AggregateExists')
  })

  storeTest(
    'a removed aggregate is gone at once for its unit, and with its children for all at commit',
    async (store) => {
      const id = await storedBasket(store, { CHAIR: 1 })
      await store.units.run(async (unit) => {
        const basket = await unit.baskets.get(id)
        assert.ok(basket)
        unit.baskets.remove(basket)
        assert.equal(await unit.baskets.get(id), undefined)
      })
      assert.equal(await readBasket(store, id), undefined)
      await store.units.run(async (unit) => unit.baskets.add(Basket.new(id)))
      assert.deepEqual((await readBasket(store, id))?.items, [])
    },
  )

  storeTest('removing what another unit has changed is a conflict', async (store) => {
    const id = await storedBasket(store)
    await using unit = await store.units.start()
    const basket = await unit.baskets.get(id)
    assert.ok(basket)
    unit.baskets.remove(basket)
    await change(store, id, (other) => other.put('CHAIR', 1))
    await rejectsWith(unit.commit(), 'ConcurrencyConflict')
    assert.equal(await version(store, id), 2)
  })

  storeTest('an aggregate from elsewhere cannot be removed', async (store) => {
    await using unit = await store.units.start()
    const { baskets } = unit
    assert.throws(() => baskets.remove(Basket.new(uuidV7())), { code: 'NotTracked' })
  })

  storeTest('an aggregate that was added and removed again leaves no trace', async (store) => {
    const basket = Basket.new(uuidV7())
    await store.units.run(async (unit) => {
      unit.baskets.add(basket)
      unit.baskets.remove(basket)
    })
    assert.equal(await readBasket(store, basket.id), undefined)
  })

  storeTest(
    'who gets it for update waits for the unit that holds it, then sees its changes',
    async (store) => {
      const id = await storedBasket(store)
      await using first = await store.units.start()
      const held = await first.baskets.get(id, { lock: 'update' })
      const second = store.units.run(async (unit) => {
        const basket = await unit.baskets.get(id, { lock: 'update' })
        basket?.put('CHAIR', (basket.items[0]?.qty ?? 0) + 1)
        return unit.attempt
      })
      assert.ok(await isPending(second))
      held?.put('CHAIR', 1)
      await first.commit()
      assert.equal(await second, 1)
      assert.deepEqual((await readBasket(store, id))?.items, [{ sku: 'CHAIR', qty: 2 }])
    },
  )

  storeTest('nobody changes what another unit holds for update', async (store) => {
    const id = await storedBasket(store)
    await using holder = await store.units.start()
    await holder.baskets.get(id, { lock: 'update' })
    const changing = change(store, id, (basket) => basket.put('CHAIR', 1))
    assert.ok(await isPending(changing))
    await holder.rollback()
    await changing
    assert.equal(await version(store, id), 2)
  })

  storeTest('getting for update what was read before it changed is a conflict', async (store) => {
    const id = await storedBasket(store)
    await using unit = await store.units.start()
    await unit.baskets.get(id)
    await change(store, id, (basket) => basket.put('CHAIR', 1))
    await rejectsWith(unit.baskets.get(id, { lock: 'update' }), 'ConcurrencyConflict')
  })

  storeTest(
    'units that change the same aggregates in different orders do not block each other',
    async (store) => {
      const ids = [await storedBasket(store), await storedBasket(store)]
      const both = (order: readonly string[], sku: string) =>
        store.units.run(async (unit) => {
          for (const id of order) (await unit.baskets.get(id))?.put(sku, 1)
        })
      await Promise.all([both(ids, 'CHAIR'), both([...ids].reverse(), 'TABLE')])
      for (const id of ids) assert.equal(await version(store, id), 3)
    },
  )
}

async function change(store: StoreFixture, id: string, work: (basket: Basket) => void): Promise<void> {
  await store.units.run(async (unit) => {
    const basket = await unit.baskets.get(id)
    assert.ok(basket)
    work(basket)
  })
}

async function version(store: StoreFixture, id: string): Promise<number | undefined> {
  return (await readBasket(store, id))?.version
}
