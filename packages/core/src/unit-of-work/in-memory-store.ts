import { type Clock, systemClock } from '../clock.ts'
import { type InMemoryClaim, inMemoryInboxStore } from '../inbox/in-memory-inbox.ts'
import type { InboxStore } from '../inbox/inbox.ts'
import { type InMemoryEntry, InMemoryOutboxQueue, OutboxRows } from '../outbox/in-memory-outbox-queue.ts'
import { InMemoryLocks } from './in-memory-locks.ts'
import type { AggregateRows } from './repository.ts'
import type { Tables } from './staged-tables.ts'
import { directDoor, type StoreDoor } from './store-door.ts'
import type { StoredAggregate } from './tracked-repository.ts'

/** The tables that belong to the store itself. */
export const OUTBOX = 'outbox'
export const INBOX = 'inbox'

/** What all who use a store have in common. */
interface Shared {
  readonly clock: Clock
  readonly locks: InMemoryLocks
  readonly tables: Tables
  readonly outbox: OutboxRows
}

export interface InMemoryStoreOptions {
  readonly clock?: Clock
  readonly random?: () => number
  readonly of?: InMemoryStore
  readonly door?: StoreDoor
}

/**
 * A database in memory: rows in tables, an outbox and an inbox, shared by all units of work made on it. It is lost
 * with the process; what holds within a process holds as in Postgres: rollback, version conflicts, locks.
 */
export class InMemoryStore {
  readonly queue: InMemoryOutboxQueue
  readonly inbox: InboxStore
  readonly door: StoreDoor
  readonly #shared: Shared

  /**
   * @param options.random from 0 up to 1, for pauses
   * @param options.of a store whose rows these are too, as another process sees them: it hears of its own commits only
   */
  constructor(options: InMemoryStoreOptions = {}) {
    this.#shared = options.of === undefined ? makeRows(options) : options.of.#shared
    this.door = options.door ?? directDoor
    const { tables, clock, outbox } = this.#shared
    this.queue = new InMemoryOutboxQueue(outbox, this.door)
    this.inbox = inMemoryInboxStore(tables.get(INBOX) as Map<string, InMemoryClaim>, clock)
  }

  get clock(): Clock {
    return this.#shared.clock
  }

  get locks(): InMemoryLocks {
    return this.#shared.locks
  }

  get tables(): Tables {
    return this.#shared.tables
  }

  /** The committed rows of a table that units write through `InMemoryUnit.table`. */
  rows<V>(table: string): ReadonlyMap<string, V> {
    return (this.tables.get(userTable(table)) ?? new Map()) as ReadonlyMap<string, V>
  }

  /** The committed rows of a repository's aggregates, by id. */
  aggregates(repository: string): ReadonlyMap<string, AggregateRows & { readonly version: number }> {
    const stored = (this.tables.get(aggregateTable(repository)) ?? new Map()) as Map<string, StoredAggregate>
    return new Map([...stored].map(([id, { version, rows }]) => [id, { ...rows, version }]))
  }
}

function makeRows({ clock = systemClock, random = Math.random }: InMemoryStoreOptions): Shared {
  const entries = new Map<string, InMemoryEntry>()
  const locks = new InMemoryLocks(clock)
  const tables: Tables = new Map<string, Map<string, unknown>>([
    [OUTBOX, entries],
    [INBOX, new Map<string, InMemoryClaim>()],
  ])
  return { clock, locks, tables, outbox: new OutboxRows(entries, locks, clock, random) }
}

/** The store's own name for a user's table. */
export function userTable(name: string): string {
  return `table ${name}`
}

/** The store's own name for a repository's rows. */
export function aggregateTable(repository: string): string {
  return `aggregates ${repository}`
}
