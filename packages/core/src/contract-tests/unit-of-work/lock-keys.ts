import assert from 'node:assert/strict'
import type { TestFunction } from '../external-bus/harness.ts'
import {
  isPending,
  rejectsWith,
  type StoreFixture,
  type StoreSetup,
  signal,
  withStore,
} from './store-fixture.ts'

type Unit = Awaited<ReturnType<StoreFixture['units']['start']>>
type Signal = ReturnType<typeof signal>

/** Units that name the same key, and so exclude each other whatever they touch. */
export function lockKeys(test: TestFunction, setup: StoreSetup): void {
  const storeTest = withStore(test, setup)

  storeTest(
    'U4-06 a lock key is held before the work begins, and free when the unit has ended, however it ended',
    async ({ units }) => {
      const endings = [
        (unit: Unit) => unit.commit(),
        (unit: Unit) => unit.rollback(),
        (unit: Unit) => unit[Symbol.asyncDispose](),
      ]
      for (const end of endings) {
        const holder = await units.start({ lockKey: 'stock' })
        let begun = false
        const next = units.run(
          async () => {
            begun = true
          },
          { lockKey: 'stock' },
        )
        assert.equal(await isPending(next), true)
        assert.equal(begun, false)
        await end(holder)
        await next
        assert.equal(begun, true)
      }
      const failing = units.run(() => Promise.reject(new Error('no')), { lockKey: 'stock' })
      await assert.rejects(failing)
      await units.run(async () => undefined, { lockKey: 'stock', lockTimeout: 1_000 })
    },
  )

  storeTest('units with the same lock key run one after another', async ({ units }) => {
    let [running, most] = [0, 0]
    const work = () =>
      units.run(
        async ({ baskets }) => {
          most = Math.max(most, ++running)
          await baskets.get('none')
          running--
        },
        { lockKey: 'stock' },
      )
    await Promise.all(Array.from({ length: 8 }, work))
    assert.equal(most, 1)
  })

  storeTest('units with different lock keys run side by side', async ({ units }) => {
    const [stock, orders] = [signal(), signal()]
    const work = (lockKey: string, own: Signal, others: Signal) =>
      units.run(
        async () => {
          own.give()
          await others.given
        },
        { lockKey },
      )
    await Promise.all([work('stock', stock, orders), work('orders', orders, stock)])
  })

  storeTest('a lock that is not to be had in time is a conflict', async (store) => {
    await using _first = await store.units.start({ lockKey: 'stock' })
    const second = store.units.start({ lockKey: 'stock', lockTimeout: 20 })
    await rejectsWith(second, 'SerializationConflict')
  })

  test('U4-08 repositories and adapters are made when the lock key is held already', async () => {
    let other: Promise<unknown> | undefined
    await using store = await setup({
      probe: () => {
        other = store.units.run(async () => undefined, { lockKey: 'stock' })
        return { disposed: false, [Symbol.asyncDispose]: async () => undefined }
      },
    })
    await store.units.run(
      async (unit) => {
        assert.ok(unit.probe)
        assert.ok(other)
        assert.equal(await isPending(other), true)
      },
      { lockKey: 'stock' },
    )
    await other
  })
}
