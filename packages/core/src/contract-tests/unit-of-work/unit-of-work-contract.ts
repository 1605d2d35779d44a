import assert from 'node:assert/strict'
import type { Message } from '../../messages/message.ts'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import { lockKeys } from './lock-keys.ts'
import { locks } from './locks.ts'
import { Basket, bank, market } from './market.ts'
import { savepoints } from './savepoints.ts'
import {
  readBasket,
  rejectsWith,
  type StoreFixture,
  type StoreSetup,
  storedBasket,
  withStore,
} from './store-fixture.ts'

/** What every unit of work must do. Repositories, outbox and inbox have suites of their own. */
export function unitOfWorkContract(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)
  savepoints(storeTest)
  locks(storeTest)
  lockKeys(test, setup)

  storeTest('UOW-04 a unit begins with its repositories, and with no events', async (store) => {
    await using unit = await store.units.start()
    assert.equal(unit.state, 'active')
    assert.equal(await unit.baskets.get(uuidV7()), undefined)
    assert.deepEqual(unit.collectNewEvents(), [])
  })

  storeTest('REP-03 REP-05 U4-01 what was added is stored by the commit, and not before', async (store) => {
    const id = uuidV7()
    await using unit = await store.units.start()
    unit.baskets.add(Basket.new(id))
    assert.equal(await readBasket(store, id), undefined)
    await unit.commit()
    assert.equal((await readBasket(store, id))?.id, id)
  })

  storeTest('UOW-07 leaving a committed unit rolls back, which changes nothing any more', async (store) => {
    const id = uuidV7()
    const left = await store.units.start()
    {
      await using unit = left
      unit.baskets.add(Basket.new(id))
      await unit.commit()
    }
    assert.equal(left.state, 'committed')
    assert.equal((await readBasket(store, id))?.id, id)
  })

  storeTest(
    'UOW-08 U4-02 U4-05 a unit that nobody committed is rolled back when it is left: nothing is added, nothing updated',
    async (store) => {
      const [stored, added] = [await storedBasket(store), uuidV7()]
      const forgotten = await store.units.start()
      {
        await using unit = forgotten
        unit.baskets.add(Basket.new(added))
        const basket = await loaded(unit.baskets.get(stored))
        basket.put('CHAIR', 1)
      }
      assert.equal(forgotten.state, 'rolled-back')
      assert.equal(await readBasket(store, added), undefined)
      assert.deepEqual((await readBasket(store, stored))?.items, [])
      assert.deepEqual(forgotten.collectNewEvents(), [])
    },
  )

  storeTest('UOW-05 an ended unit refuses everything but another rollback', async (store) => {
    const id = await storedBasket(store)
    const unit = await store.units.start()
    const { baskets } = unit
    await unit.rollback()
    await unit.rollback()
    await rejectsWith(unit.commit(), 'UnitEnded')
    await rejectsWith(baskets.get(id), 'UnitEnded')
    await rejectsWith(
      unit.savepoint(async () => undefined),
      'UnitEnded',
    )
    for (const attempt of [
      () => baskets.add(Basket.new(uuidV7())),
      () => unit.publish(market.events.Looked({ basketId: id })),
      () => unit.send(bank.commands.Charge({ basketId: id })),
      () => unit.probe,
    ]) {
      assert.throws(attempt, { code: 'UnitEnded' })
    }
    assert.equal(unit.state, 'rolled-back')
  })

  storeTest('run commits when its work returns, and gives what it returned', async (store) => {
    const id = uuidV7()
    const result = await store.units.run(async (unit) => {
      unit.baskets.add(Basket.new(id))
      return unit.attempt
    })
    assert.equal(result, 1)
    assert.ok(await readBasket(store, id))
  })

  storeTest('run rolls back when its work throws, and throws the same', async (store) => {
    const id = uuidV7()
    const failure = new Error('no')
    const running = store.units.run(async (unit) => {
      unit.baskets.add(Basket.new(id))
      throw failure
    })
    await assert.rejects(running, (error) => error === failure)
    assert.equal(await readBasket(store, id), undefined)
  })

  storeTest(
    'run tries a conflict again with a fresh unit, and forgets what the first one raised',
    async (store) => {
      const id = await storedBasket(store)
      const seen: Basket[] = []
      await store.units.run(async (unit) => {
        const basket = await loaded(unit.baskets.get(id))
        seen.push(basket)
        basket.put('CHAIR', unit.attempt)
        if (unit.attempt === 1) await change(store, id, (other) => other.put('TABLE', 1))
      })
      assert.equal(seen.length, 2)
      assert.notEqual(seen[0], seen[1])
      const items = [
        { sku: 'CHAIR', qty: 2 },
        { sku: 'TABLE', qty: 1 },
      ]
      assert.deepEqual((await readBasket(store, id))?.items, items)
      assert.equal((await store.queue.depth()).broker, 2)
    },
  )

  storeTest('run gives up after as many attempts as the policy says', async (store) => {
    const id = await storedBasket(store)
    let attempts = 0
    const running = store.units.run(
      async (unit) => {
        attempts = unit.attempt
        const basket = await loaded(unit.baskets.get(id))
        basket.open = !basket.open
        await change(store, id, (other) => other.put('TABLE', attempts))
      },
      { retry: { attempts: 3, base: 1, cap: 2 } },
    )
    await rejectsWith(running, 'ConcurrencyConflict')
    assert.equal(attempts, 3)
  })

  storeTest(
    'REP-06 UOW-09 UOW-10 a unit’s events can be collected after its commit, once, in the order raised; later ones are lost',
    async (store) => {
      const id = await storedBasket(store)
      await using unit = await store.units.start()
      const basket = await loaded(unit.baskets.get(id))
      basket.put('CHAIR', 1)
      unit.publish(market.events.Audited({ basketId: id }))
      basket.put('TABLE', 1)
      assert.deepEqual(unit.collectNewEvents(), [])
      await unit.commit()
      const types = ['market.ItemAdded', 'market.Audited', 'market.ItemAdded']
      basket.put('LAMP', 1)
      assert.deepEqual(types, typesOf(unit.collectNewEvents()))
      assert.deepEqual(unit.collectNewEvents(), [])
      await using next = await store.units.start()
      next.publish(market.events.Looked({ basketId: id }))
      await next.commit()
      assert.deepEqual(typesOf(next.collectNewEvents()), ['market.Looked'])
    },
  )

  storeTest('a unit whose commit failed has no new events and leaves no outbox entries', async (store) => {
    const id = await storedBasket(store)
    await using unit = await store.units.start()
    const basket = await loaded(unit.baskets.get(id))
    basket.put('CHAIR', 1)
    await change(store, id, (other) => {
      other.open = false
    })
    await rejectsWith(unit.commit(), 'ConcurrencyConflict')
    assert.equal(unit.state, 'rolled-back')
    assert.deepEqual(unit.collectNewEvents(), [])
    assert.equal((await store.queue.depth()).broker, 0)
  })

  storeTest('a commit that refuses a message ends the unit', async (store) => {
    await using unit = await store.units.start()
    unit.publish(bank.events.Charged({ basketId: '' }))
    await rejectsWith(unit.commit(), 'ForeignMessage')
    await rejectsWith(unit.commit(), 'UnitEnded')
    assert.equal((await store.queue.depth()).broker, 0)
  })

  storeTest('public events and sent commands go to the broker, private events stay', async (store) => {
    await store.units.run(async (unit) => {
      unit.send(bank.commands.Charge({ basketId: 'b' }))
      unit.publish(market.events.Audited({ basketId: 'b' }))
      unit.publish(market.events.Looked({ basketId: 'b' }))
    })
    const entries: unknown[] = []
    await store.queue.deliver(10, async (taken) => {
      entries.push(...taken.map(({ message, key }) => ({ type: message.type, key })))
      return []
    })
    const looked = { type: 'market.Looked', key: null }
    assert.deepEqual(entries, [{ type: 'bank.Charge', key: 'b' }, looked])
  })

  storeTest("a command of the unit's own domain waits for its handler in this process", async (store) => {
    await store.units.run(async (unit) => unit.send(market.commands.Tidy({ basketId: 'b' })))
    const { broker, local } = await store.queue.depth()
    assert.deepEqual({ broker, local }, { broker: 0, local: 1 })
  })

  storeTest("another domain's event cannot be raised", async (store) => {
    const running = store.units.run(async (unit) => unit.publish(bank.events.Charged({ basketId: 'b' })))
    await rejectsWith(running, 'ForeignMessage')
  })

  storeTest('takeMessages gives what was raised since the last call, in the order made', async (store) => {
    const transaction = await store.units.begin()
    const basket = Basket.new(uuidV7())
    transaction.unit.baskets.add(basket)
    basket.put('CHAIR', 1)
    transaction.unit.publish(market.events.Looked({ basketId: basket.id }))
    basket.put('TABLE', 1)
    const taken = typesOf(transaction.takeMessages())
    assert.deepEqual(taken, ['market.ItemAdded', 'market.Looked', 'market.ItemAdded'])
    basket.put('LAMP', 1)
    assert.equal(transaction.takeMessages().length, 1)
    await transaction.rollback()
  })

  storeTest('a read-only unit reads, and writes nothing', async (store) => {
    const id = await storedBasket(store)
    await store.units.run((unit) => unit.baskets.get(id), { readOnly: true })
    const writing = store.units.run(async (unit) => unit.baskets.add(Basket.new(uuidV7())), {
      readOnly: true,
    })
    await rejectsWith(writing, 'ReadOnlyUnit')
  })

  storeTest('UOW-11 each unit has repositories and adapters of its own', async (store) => {
    await using one = await store.units.start()
    await using other = await store.units.start()
    assert.notEqual(one.baskets, other.baskets)
    assert.notEqual(one.probe, other.probe)
    assert.equal(one.baskets, one.baskets)
  })

  storeTest('an adapter is made once, on first use, and disposed with its unit', async (store) => {
    const committed = await store.units.start()
    const { probe } = committed
    assert.equal(committed.probe, probe)
    assert.equal(probe.disposed, false)
    await committed.commit()
    assert.equal(probe.disposed, true)
    const rolledBack = await store.units.start()
    assert.notEqual(rolledBack.probe, probe)
    const second = rolledBack.probe
    await rolledBack.rollback()
    assert.equal(second.disposed, true)
  })
}

async function change(store: StoreFixture, id: string, work: (basket: Basket) => void): Promise<void> {
  await store.units.run(async (unit) => work(await loaded(unit.baskets.get(id))))
}

async function loaded(basket: Promise<Basket | undefined>): Promise<Basket> {
  const found = await basket
  assert.ok(found)
  return found
}

function typesOf(messages: readonly Message[]): readonly string[] {
  return messages.map(({ type }) => type)
}
