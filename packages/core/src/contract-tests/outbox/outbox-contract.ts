import assert from 'node:assert/strict'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { OutboxEntry, OutboxQueue } from '../../outbox/outbox.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import { Basket, bank, market } from '../unit-of-work/market.ts'
import {
  isPending,
  readBasket,
  record,
  rejectsWith,
  type StoreFixture,
  type StoreSetup,
  signal,
  storedBasket,
  storedEntries,
  withStore,
} from '../unit-of-work/store-fixture.ts'

/** What every outbox must do for its units, and its queue for the broker. Local entries have a suite of their own. */
export function outboxContract(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)

  storeTest('C75 entries exist exactly when their transaction has committed', async (store) => {
    const rolledBack = await store.units.begin()
    rolledBack.outbox.add(record())
    await rolledBack.rollback()
    const committed = await store.units.begin()
    committed.outbox.add(record())
    assert.equal((await store.queue.depth()).broker, 0)
    await committed.commit()
    assert.equal((await store.queue.depth()).broker, 1)
  })

  storeTest('C78 an entry is there when the state of its unit is, and never before', async (store) => {
    const transaction = await store.units.begin()
    const basket = Basket.new(uuidV7())
    transaction.unit.baskets.add(basket)
    transaction.outbox.add(record())
    const seen = async () => [
      (await readBasket(store, basket.id)) !== undefined,
      (await store.queue.depth()).broker === 1,
    ]
    assert.deepEqual(await seen(), [false, false])
    const looks: boolean[][] = []
    const committed = transaction.commit()
    // Whatever is seen while it commits: who saw the entry, sees the state when he looks for it then.
    for (let look = 0; look < 5; look++) {
      const entry = (await store.queue.depth()).broker === 1
      looks.push([entry, (await readBasket(store, basket.id)) !== undefined])
    }
    await committed
    assert.deepEqual(await seen(), [true, true])
    assert.ok(looks.every(([entry, state]) => !entry || state))
  })

  storeTest('C77 a commit gives the entries as stored, in the order added', async (store) => {
    const records = [record({ key: 'a', depth: 3 }), record({ handler: 'view' }), record()]
    const transaction = await store.units.begin()
    transaction.outbox.add(...records.slice(0, 1))
    transaction.outbox.add(...records.slice(1))
    const entries = await transaction.commit()
    const seen = entries.map(({ message, handler, key, depth }) => ({ id: message.id, handler, key, depth }))
    const wanted = records.map(({ message, handler, key, depth }) => ({
      id: message.id,
      handler,
      key,
      depth,
    }))
    assert.deepEqual(seen, wanted)
    const positions = entries.map(({ position }) => Number(position))
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    )
    assert.equal(new Set(positions).size, 3)
  })

  storeTest('a message comes out as it went in, its payload as JSON text', async (store) => {
    const payload = { basketId: 'b', z: 1, a: { deep: ['ö', null, 1e21] } }
    const message = market.events.Looked(payload, {
      id: uuidV7(),
      correlationId: uuidV7(),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })
    await storedEntries(store, { message })
    const [entry] = await look(store.queue)
    const { payload: _payload, key: _key, ...envelope } = message
    assert.deepEqual(entry?.message, { ...envelope, body: JSON.stringify(payload) })
  })

  storeTest('entries for a domain that cannot be reached are left out, and stay', async (store) => {
    const charge = bank.commands.Charge({ basketId: 'b' })
    const [, second] = await storedEntries(store, { message: charge }, {})
    const taken: (string | undefined)[] = []
    await store.queue.deliver(
      10,
      async (entries) => {
        taken.push(...entries.map(({ position }) => position))
        return []
      },
      ['bank', 'elsewhere'],
    )
    assert.deepEqual(taken, [second])
    assert.deepEqual(await store.queue.deliver(10, async () => [], ['bank', 'market']), {
      busy: false,
      taken: 0,
    })
    assert.equal((await store.queue.depth()).broker, 2)
  })

  storeTest('what was delivered is gone, the oldest first, no more than asked for', async (store) => {
    const positions = await storedEntries(store, {}, {}, {})
    const taken: string[] = []
    const first = await store.queue.deliver(2, async (entries) => {
      taken.push(...entries.map(({ position }) => position))
      return entries.map(({ position }) => ({ position, ok: true }))
    })
    assert.deepEqual(first, { busy: false, taken: 2 })
    assert.deepEqual(taken, positions.slice(0, 2))
    assert.deepEqual(await lookAt(store.queue), positions.slice(2))
  })

  storeTest('a thousand entries come out in the order in which they went in', async (store) => {
    const positions = await storedEntries(store, ...Array.from({ length: 1_000 }, () => ({})))
    assert.deepEqual(await lookAt(store.queue, 1_000), positions)
    const error = new Error('no')
    const dead = (position: string) => ({ position, ok: false, error, retryable: false }) as const
    await store.queue.deliver(1_000, async (entries) => entries.map(({ position }) => dead(position)))
    const letters = await store.queue.deadLetters(1_000)
    assert.deepEqual(
      letters.map(({ position }) => position),
      positions,
    )
  })

  storeTest('with nothing due nobody is asked to deliver', async (store) => {
    const result = await store.queue.deliver(10, () => assert.fail('there was nothing to deliver'))
    assert.deepEqual(result, { busy: false, taken: 0 })
  })

  storeTest('entries of one aggregate stand in the order of its commits', async (store) => {
    const id = await storedBasket(store)
    const skus = ['A', 'B', 'C', 'D', 'E', 'F']
    await Promise.all(
      skus.map((sku) =>
        store.units.run(async (unit) => {
          const basket = await unit.baskets.get(id, { lock: 'update' })
          basket?.put(sku, basket.version)
        }),
      ),
    )
    const basket = await store.units.run((unit) => unit.baskets.get(id))
    const byCommit = [...(basket?.items ?? [])].sort((a, b) => a.qty - b.qty).map(({ sku }) => sku)
    const byPosition = (await look(store.queue)).map(({ message }) => JSON.parse(message.body).sku)
    assert.deepEqual(byPosition, byCommit)
  })

  storeTest(
    'C84 what failed is due again later, and until then blocks its key and no other',
    async (store) => {
      const [failing, same, other, free] = await storedEntries(
        store,
        { key: 'a' },
        { key: 'a' },
        { key: 'b' },
        {},
      )
      await fail(store.queue, failing)
      assert.deepEqual(await lookAt(store.queue), [other, free])
      await store.elapse(200)
      assert.deepEqual(await lookAt(store.queue), [failing, same, other, free])
      assert.deepEqual(
        (await look(store.queue)).map(({ attempts }) => attempts),
        [1, 0, 0, 0],
      )
    },
  )

  storeTest('a failed entry without a key blocks nobody', async (store) => {
    const [failing, other] = await storedEntries(store, {}, {})
    await fail(store.queue, failing)
    assert.deepEqual(await lookAt(store.queue), [other])
  })

  storeTest('pauses grow with the failures, up to a minute', async (store) => {
    const [position] = await storedEntries(store, {})
    for (let failures = 1; failures <= 5; failures++) {
      await fail(store.queue, position)
      await store.elapse(100 * 2 ** (failures - 1) - 50)
      assert.deepEqual(await lookAt(store.queue), [])
      await store.elapse(60_000)
    }
    assert.deepEqual(await lookAt(store.queue), [position])
  })

  storeTest('C80 what was taken but not settled stays as it was', async (store) => {
    const positions = await storedEntries(store, {}, { key: 'a' })
    assert.deepEqual(await lookAt(store.queue), positions)
    const broken = store.queue.deliver(10, () => Promise.reject(new Error('broken')))
    await assert.rejects(broken, { message: 'broken' })
    assert.deepEqual(
      (await look(store.queue)).map(({ attempts }) => attempts),
      [0, 0],
    )
  })

  storeTest('only one relay delivers at a time', async (store) => {
    const positions = await storedEntries(store, {}, {})
    const release = signal()
    const started = signal()
    const first = store.queue.deliver(1, async (entries) => {
      started.give()
      await release.given
      return entries.map(({ position }) => ({ position, ok: true }))
    })
    await started.given
    const second = await store.queue.deliver(1, () => assert.fail('two delivered at once'))
    assert.deepEqual(second, { busy: true, taken: 0 })
    release.give()
    await first
    assert.deepEqual(await lookAt(store.queue), positions.slice(1))
  })

  storeTest('C84 what cannot be retried is dead at once, and no longer blocks its key', async (store) => {
    const [failing, next] = await storedEntries(store, { key: 'a' }, { key: 'a' })
    const error = Object.assign(new Error('no route'), { code: 'Unroutable' })
    await fail(store.queue, failing, error, false)
    assert.deepEqual(await lookAt(store.queue), [next])
    const [letter] = await store.queue.deadLetters()
    assert.equal(letter?.position, failing)
    assert.equal(letter?.reason, 'Unroutable: no route')
    assert.equal(letter?.attempts, 1)
    assert.ok(Math.abs(Date.now() - Date.parse(letter?.diedAt ?? '')) < 60_000)
  })

  storeTest('what has failed twenty times is dead', async (store) => {
    const [position] = await storedEntries(store, {})
    for (let failures = 1; failures < 20; failures++) await failLater(store, position)
    assert.deepEqual(await store.queue.deadLetters(), [])
    await failLater(store, position)
    assert.equal((await store.queue.deadLetters())[0]?.attempts, 20)
    await store.elapse(60_000)
    assert.deepEqual(await lookAt(store.queue), [])
  })

  storeTest('a dead letter can be replayed, once, and starts again from none', async (store) => {
    const [position = ''] = await storedEntries(store, {})
    assert.equal(await store.queue.replay(position), false)
    await fail(store.queue, position, new Error('no'), false)
    assert.equal(await store.queue.replay(position), true)
    assert.equal(await store.queue.replay(position), false)
    assert.equal((await look(store.queue))[0]?.attempts, 0)
    assert.deepEqual(await store.queue.deadLetters(), [])
    assert.equal(await store.queue.replay('999999999'), false)
  })

  storeTest(
    'the depth counts what waits and what is dead, and knows the age of the oldest',
    async (store) => {
      assert.deepEqual(await store.queue.depth(), { broker: 0, local: 0, dead: 0, oldest: 0 })
      const [dead] = await storedEntries(store, {}, {}, { handler: 'view' })
      await fail(store.queue, dead, new Error('no'), false)
      await store.elapse(5_000)
      const { oldest, ...counts } = await store.queue.depth()
      assert.deepEqual(counts, { broker: 1, local: 1, dead: 1 })
      assert.ok(oldest >= 5_000 && oldest < 65_000, `oldest is ${oldest}`)
    },
  )

  storeTest('a listener hears of commits that wrote for the broker, and of no others', async (store) => {
    let heard = 0
    const end = store.queue.onAdded(() => {
      heard += 1
    })
    await storedEntries(store, { handler: 'view' })
    await storedBasket(store)
    const rolledBack = await store.units.begin()
    rolledBack.outbox.add(record())
    await rolledBack.rollback()
    assert.equal(heard, 0)
    await storedEntries(store, {}, {})
    assert.equal(heard, 1)
    end()
    await storedEntries(store, {})
    assert.equal(heard, 1)
  })

  storeTest('a unit that has ended takes no more records', async (store) => {
    const { outbox, ...transaction } = await store.units.begin().then((begun) => ({
      outbox: begun.outbox,
      rollback: () => begun.rollback(),
    }))
    await transaction.rollback()
    assert.throws(() => outbox.add(record()), { code: 'UnitEnded' })
    await rejectsWith(outbox.strikeOff('1'), 'UnitEnded')
  })

  storeTest('an outbox write is part of the commit that fails', async (store) => {
    const id = await storedBasket(store)
    const transaction = await store.units.begin()
    transaction.unit.baskets.add(Basket.new(id))
    transaction.outbox.add(record())
    await rejectsWith(transaction.commit(), 'AggregateExists')
    assert.equal((await store.queue.depth()).broker, 0)
  })

  storeTest('what is being struck off by a unit nobody else takes until it has ended', async (store) => {
    const [position = ''] = await storedEntries(store, { handler: 'view' })
    await store.elapse(2_000)
    const holder = await store.units.begin()
    assert.equal(await holder.outbox.strikeOff(position), true)
    assert.deepEqual(await store.queue.takeLocal(10, 1_000), [])
    const second = await store.units.begin()
    const striking = second.outbox.strikeOff(position)
    assert.ok(await isPending(striking))
    await holder.rollback()
    assert.equal(await striking, true)
    await second.commit()
    const third = await store.units.begin()
    assert.equal(await third.outbox.strikeOff(position), false)
    await third.rollback()
  })
}

async function fail(
  queue: OutboxQueue,
  position: string | undefined,
  error = new Error('not now'),
  retryable = true,
): Promise<void> {
  await queue.deliver(100, async () => [{ position: position ?? '', ok: false, error, retryable }])
}

async function failLater(store: StoreFixture, position: string | undefined): Promise<void> {
  await fail(store.queue, position)
  await store.elapse(60_000)
}

/** What a relay would be given, left as it is. */
async function look(queue: OutboxQueue, limit = 100): Promise<readonly OutboxEntry[]> {
  const seen: OutboxEntry[] = []
  await queue.deliver(limit, async (entries) => {
    seen.push(...entries)
    return []
  })
  return seen
}

async function lookAt(queue: OutboxQueue, limit?: number): Promise<readonly string[]> {
  return (await look(queue, limit)).map(({ position }) => position)
}
