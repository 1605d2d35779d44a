import assert from 'node:assert/strict'
import { PosthornError } from '../../errors.ts'
import type { InboxStore } from '../../inbox/inbox.ts'
import { uuidV7 } from '../../messages/uuid-v7.ts'
import type { OutboxQueue, OutboxRecord } from '../../outbox/outbox.ts'
import type { GetOptions, Repository } from '../../unit-of-work/repository.ts'
import type { UnitsOfWork } from '../../unit-of-work/unit-of-work.ts'
import type { TestFunction } from '../external-bus/harness.ts'
import { Basket, market } from './market.ts'

/** An adapter that shows what becomes of it. */
export interface Probe extends AsyncDisposable {
  readonly disposed: boolean
}

export interface BasketRepository extends Repository<Basket> {
  /** The part of a basket that has no item but this one, by `getPart`. */
  getWithItem(id: string, sku: string, options?: GetOptions): Promise<Basket | undefined>
}

export interface MarketUnit {
  readonly baskets: BasketRepository
  readonly probe: Probe
}

/** A store with an empty outbox and inbox. */
export interface StoreFixture extends AsyncDisposable {
  readonly units: UnitsOfWork<MarketUnit, 'market'>
  readonly queue: OutboxQueue
  readonly inbox: InboxStore
  /** Lets `ms` pass for all that is stored. */
  elapse(ms: number): Promise<void>
}

/** Makes a store whose units have `probe` as their adapter, and `baskets` mapped by `basketMapping`. */
export type StoreSetup = (adapters: { readonly probe: () => Probe }) => Promise<StoreFixture>

function probe(): Probe {
  let disposed = false
  return {
    get disposed() {
      return disposed
    },
    [Symbol.asyncDispose]: async () => {
      disposed = true
    },
  }
}

/** Registers tests that each run on a store of its own. */
export type StoreTest = (name: string, run: (store: StoreFixture) => Promise<void>) => void

export function withStore(test: TestFunction, setup: StoreSetup): StoreTest {
  return (name, run) =>
    test(name, async () => {
      await using store = await setup({ probe })
      await run(store)
    })
}

/** Stores a basket and gives its id. */
export async function storedBasket(
  { units }: StoreFixture,
  items: Record<string, number> = {},
): Promise<string> {
  const basket = Basket.new(uuidV7())
  for (const [sku, qty] of Object.entries(items)) basket.put(sku, qty)
  basket.events.splice(0)
  await units.run(async (unit) => unit.baskets.add(basket))
  return basket.id
}

export async function readBasket({ units }: StoreFixture, id: string): Promise<Basket | undefined> {
  return units.run((unit) => unit.baskets.get(id))
}

/** Commits outbox records and gives their positions. */
export async function storedEntries(
  { units }: StoreFixture,
  ...records: readonly Partial<OutboxRecord>[]
): Promise<readonly string[]> {
  const transaction = await units.begin()
  transaction.outbox.add(...records.map(record))
  return (await transaction.commit()).map(({ position }) => position)
}

/** An outbox record for the broker without a key, unless told otherwise. */
export function record(given: Partial<OutboxRecord> = {}): OutboxRecord {
  const message = market.events.Looked({ basketId: uuidV7() })
  return { message, handler: null, key: null, depth: 0, ...given }
}

export async function rejectsWith(promise: Promise<unknown>, code: string): Promise<PosthornError> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}, but nothing was thrown`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof PosthornError) || error.code !== code) throw error
  return error
}

/** Whether a promise is still unsettled once everything that could settle it has had a while to do so. */
export async function isPending(promise: Promise<unknown>, ms = 50): Promise<boolean> {
  const pending = Symbol('pending')
  const timer = new Promise<typeof pending>((resolve) => setTimeout(() => resolve(pending), ms))
  return (await Promise.race([promise.catch(() => undefined), timer])) === pending
}

/** Something one side waits for and the other gives. */
export function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}
