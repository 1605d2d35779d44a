import { type Clock, systemClock } from '../clock.ts'
import { type InMemoryClaim, inMemoryInboxStore } from '../inbox/in-memory-inbox.ts'
import type { InboxStore } from '../inbox/inbox.ts'
import { type InMemoryEntry, InMemoryOutboxQueue } from '../outbox/in-memory-outbox-queue.ts'
import { InMemoryLocks } from './in-memory-locks.ts'
import type { Tables } from './staged-tables.ts'

/** The tables that belong to the store itself. */
export const OUTBOX = 'outbox'
export const INBOX = 'inbox'

/**
 * A database in memory: rows in tables, an outbox and an inbox, shared by all units of work made on it. It is lost
 * with the process; what holds within a process holds as in Postgres: rollback, version conflicts, locks.
 */
export class InMemoryStore {
  readonly queue: InMemoryOutboxQueue
  readonly inbox: InboxStore
  readonly clock: Clock
  readonly locks: InMemoryLocks
  readonly tables: Tables

  /** @param random from 0 up to 1, for pauses */
  constructor({
    clock = systemClock,
    random = Math.random,
  }: { readonly clock?: Clock; readonly random?: () => number } = {}) {
    const entries = new Map<string, InMemoryEntry>()
    const claims = new Map<string, InMemoryClaim>()
    this.clock = clock
    this.locks = new InMemoryLocks(clock)
    this.tables = new Map<string, Map<string, unknown>>([
      [OUTBOX, entries],
      [INBOX, claims],
    ])
    this.queue = new InMemoryOutboxQueue(entries, this.locks, clock, random)
    this.inbox = inMemoryInboxStore(claims, clock)
  }

  /** The committed rows of a table that units write through `InMemoryUnit.table`. */
  rows<V>(table: string): ReadonlyMap<string, V> {
    return (this.tables.get(userTable(table)) ?? new Map()) as ReadonlyMap<string, V>
  }
}

/** The store's own name for a user's table. */
export function userTable(name: string): string {
  return `table ${name}`
}
