import { bank, market } from '../../../src/contract-tests/unit-of-work/market.ts'
import type { OutboxEntry, OutboxRecord, StoredMessage } from '../../../src/outbox/outbox.ts'
import { Relay } from '../../../src/outbox/relay.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import { ManualClock } from '../manual-clock.ts'

export function keyOf(message: StoredMessage): string {
  return JSON.parse(message.body).basketId
}

interface Given {
  readonly batch?: number
  readonly dispatch?: (entry: OutboxEntry) => Promise<void>
  readonly onError?: () => void
}

/** A relay over a store in memory, in a time of its own, with what it forwarded, dispatched and reported. */
export function setUp(
  forward: (message: StoredMessage) => Promise<void> = async () => undefined,
  given: Given = {},
) {
  const clock = new ManualClock()
  const memory = new InMemoryStore({ clock, random: () => 0.5 })
  const { queue } = memory
  const units = inMemoryUnitsOfWork({ domain: market, store: memory, repositories: {} })
  const asked = { deliver: 0, takeLocal: 0 }
  const forwarded: string[] = []
  const dispatched: string[] = []
  const failures: string[] = []
  const { deliver, takeLocal } = queue
  queue.deliver = (...args) => {
    asked.deliver += 1
    return deliver.apply(queue, args)
  }
  queue.takeLocal = (...args) => {
    asked.takeLocal += 1
    return takeLocal.apply(queue, args)
  }
  const relay = new Relay({
    queue,
    clock,
    batch: given.batch ?? 200,
    forward: async (message) => {
      await forward(message)
      forwarded.push(message.id)
    },
    dispatch: async (entry) => {
      dispatched.push(entry.message.id)
      await given.dispatch?.(entry)
    },
    onError: given.onError ?? ((error) => failures.push((error as Error).message)),
  })
  const commit = async (records: readonly OutboxRecord[]) => {
    const transaction = await units.begin()
    transaction.outbox.add(...records)
    await transaction.commit()
    return records.map(({ message }) => message.id)
  }
  const record = (handler: string | null, key: string | null): OutboxRecord => {
    const { ItemAdded, Looked } = market.events
    const message = key === null ? Looked({ basketId: '' }) : ItemAdded({ basketId: key, sku: '' })
    return { message, handler, key, depth: 1 }
  }
  return {
    relay,
    clock,
    queue,
    asked,
    forwarded,
    dispatched,
    failures,
    store: (...keys: (string | null)[]) => commit(keys.map((key) => record(null, key))),
    storeForBank: (count: number) => {
      const charge = () => ({
        message: bank.commands.Charge({ basketId: '' }),
        handler: null,
        key: null,
        depth: 1,
      })
      return commit(Array.from({ length: count }, charge))
    },
    storeLocal: (...handlers: string[]) => commit(handlers.map((handler) => record(handler, null))),
  }
}
