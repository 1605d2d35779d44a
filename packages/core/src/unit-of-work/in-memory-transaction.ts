import { type Abort, abortOf } from '../abort.ts'
import { type InMemoryClaim, inMemoryInbox } from '../inbox/in-memory-inbox.ts'
import type { Inbox } from '../inbox/inbox.ts'
import { entryLock, type InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import type { Outbox, OutboxEntry, OutboxRecord } from '../outbox/outbox.ts'
import { copyRows } from './copy-rows.ts'
import type { AggregateChange, IdentityMap } from './identity-map.ts'
import { aggregateTable, INBOX, type InMemoryStore, OUTBOX, userTable } from './in-memory-store.ts'
import { rowsAfter } from './rows-after.ts'
import { StagedTables } from './staged-tables.ts'
import type { StoredAggregate } from './tracked-repository.ts'
import {
  aggregateExists,
  concurrencyConflict,
  readOnlyUnit,
  storeConnectionLost,
  unitEnded,
} from './unit-errors.ts'
import type { BeginOptions, Transaction, UnitOfWork, UnitState } from './unit-of-work.ts'
import { type TrackedRepository, type UnitParts, UnitSession } from './unit-session.ts'

/** What the factories of repositories and adapters are given. */
export interface InMemoryUnit {
  readonly signal: AbortSignal
  /** Rows of one's own, for views and the like: written with the unit's commit, undone with its rollback. */
  table<V>(name: string): InMemoryTable<V>
  /** For repositories. */
  readonly transaction: InMemoryAccess
}

/** Keys and values of one table, as one unit sees them. Values are frozen by whoever puts them in, or copied. */
export interface InMemoryTable<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  entries(): ReadonlyMap<string, V>
}

/** What an in-memory repository needs of its unit. */
export interface InMemoryAccess {
  track(identities: IdentityMap): void
  /** Committed rows. Waits for the lock when asked to; as in a database, a row that is not there has none. */
  read(repository: string, id: string, lock: boolean | 'if there'): Promise<StoredAggregate | undefined>
  readAll(repository: string): Promise<ReadonlyMap<string, StoredAggregate>>
  assertActive(): void
}

type Changes = readonly { readonly repository: TrackedRepository; readonly change: AggregateChange }[]

/** One transaction on an {@link InMemoryStore}. */
export class InMemoryTransaction<R extends object, D extends string> implements Transaction<R, D> {
  readonly unit: UnitOfWork<R, D>
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly #store: InMemoryStore
  readonly #options: BeginOptions
  readonly #abort: Abort | undefined
  readonly #staged: StagedTables
  readonly #session: UnitSession<R, D, TrackedRepository, InMemoryUnit>
  readonly #records: OutboxRecord[] = []
  readonly #forgetAbort: (() => void) | undefined
  readonly #endSession: () => void
  #state: UnitState = 'active'
  #rolledBack: Promise<void> | undefined

  constructor(store: InMemoryStore, parts: UnitParts<R, InMemoryUnit>, options: BeginOptions) {
    this.#store = store
    this.#options = options
    this.#abort = abortOf(options)
    this.#staged = new StagedTables(store.tables)
    const assertActive = () => this.#assertActive()
    this.#session = new UnitSession({
      parts,
      context: this.#context(),
      attempt: options.attempt ?? 1,
      savepoint: (work) => this.#savepoint(work),
      assertActive,
    })
    this.unit = this.#session.unit
    this.outbox = {
      add: (...records) => {
        assertActive()
        this.#records.push(...records)
        store.door.raised(records.map(({ message }) => message.id))
      },
      strikeOff: (position) => this.#ask(`strike off ${position}`, () => this.#strikeOff(position)),
    }
    const inbox = inMemoryInbox(
      {
        get: (key) => this.#staged.get(INBOX, key) as InMemoryClaim | undefined,
        set: (key, claim) => {
          assertActive()
          this.#staged.set(INBOX, key, claim)
        },
        lock: (key) => this.#lock(`inbox ${key}`),
      },
      store.clock,
    )
    this.inbox = {
      claim: (key, fingerprint) =>
        this.#ask(`claim for ${key.consumer}`, () => inbox.claim(key, fingerprint)),
      record: inbox.record,
    }
    this.#forgetAbort = this.#abort?.onAbort(() => void this.rollback())
    this.#endSession = store.door.session(() => this.#lose())
  }

  get state(): UnitState {
    return this.#state
  }

  /** Waits until no other unit holds the same key. */
  async lockKey(key: string): Promise<void> {
    await this.#ask(`lock ${key}`, () => this.#lock(`key ${key}`))
  }

  takeMessages() {
    return this.#session.takeMessages()
  }

  async commit(): Promise<readonly OutboxEntry[]> {
    this.#assertActive()
    try {
      const changes = this.#session.changes()
      const entries = await this.#store.door.pass('commit', () => this.#write(changes))
      await this.#end('committed')
      if (entries.some(({ handler }) => handler === null)) this.#store.queue.announce()
      return entries
    } catch (error) {
      await this.rollback()
      throw error
    }
  }

  /** Whoever asks while it is rolled back waits for the end of that. */
  rollback(): Promise<void> {
    this.#rolledBack ??= this.#state === 'active' ? this.#rollBack() : Promise.resolve()
    return this.#rolledBack
  }

  async #rollBack(): Promise<void> {
    const ended = this.#end('rolled-back')
    await this.#store.door.pass('roll back', async () => this.#release()).catch(() => undefined)
    await ended
  }

  /** What the store does at a commit: all in one step, once it has the locks. */
  async #write(changes: Changes): Promise<readonly OutboxEntry[]> {
    this.#assertActive()
    for (const { repository, change } of changes) {
      const { name } = repository.identities
      // A key that is taken is refused at once, whoever holds the row.
      this.#assertFree(name, change)
      await this.#lock(aggregateLock(name, change.id))
    }
    for (const { repository, change } of changes) {
      const { name } = repository.identities
      const { kind, id, version } = change
      const stored = this.#stored(name, id)
      this.#assertFree(name, change)
      if (kind !== 'insert' && stored?.version !== version) throw concurrencyConflict(name, id)
      const rows = rowsAfter(stored?.rows, change, repository.identities.childKeys)
      this.#staged.set(aggregateTable(name), id, rows && { version: version + 1, rows: copyRows(rows) })
    }
    if (this.#options.readOnly && !(this.#staged.isEmpty && this.#records.length === 0)) throw readOnlyUnit()
    const entries = this.#records.map((record) => this.#store.queue.entryOf(record))
    for (const entry of entries) this.#staged.set(OUTBOX, entry.position, entry)
    this.#store.door.committed(this.#staged.apply(), this.#options.handling ?? null)
    this.#release()
    return entries
  }

  #assertFree(name: string, { kind, id, sought }: AggregateChange): void {
    if (kind !== 'insert' || this.#stored(name, id) === undefined) return
    throw sought ? concurrencyConflict(name, id) : aggregateExists(name, id)
  }

  async #strikeOff(position: string): Promise<boolean> {
    const isThere = () => {
      const entry = this.#staged.get(OUTBOX, position) as InMemoryEntry | undefined
      return entry !== undefined && entry.diedAt === null
    }
    this.#assertActive()
    // What is not there cannot be locked, and keeps nobody waiting.
    if (!isThere()) return false
    await this.#lock(entryLock(position))
    if (!isThere()) return false
    this.#staged.set(OUTBOX, position, undefined)
    return true
  }

  #ask<T>(request: string, work: () => Promise<T>): Promise<T> {
    return this.#store.door.pass(request, work)
  }

  async #end(state: UnitState): Promise<void> {
    this.#state = state
    this.#forgetAbort?.()
    for (const error of await this.#session.dispose()) {
      process.emitWarning(`An adapter could not be disposed: ${String(error)}`, 'PosthornWarning')
    }
  }

  /** Nobody waits for it any more. */
  #release(): void {
    this.#endSession()
    this.#store.locks.releaseAll(this)
  }

  #lose(): void {
    if (this.#state === 'active') this.#state = 'lost'
    this.#release()
  }

  async #savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#assertActive()
    this.#staged.beginSavepoint()
    let keep = false
    try {
      const result = await work()
      this.#assertActive()
      keep = true
      return result
    } finally {
      this.#staged.endSavepoint(keep)
    }
  }

  async #lock(name: string): Promise<void> {
    this.#assertActive()
    const timeout = this.#options.lockTimeout ?? 5_000
    await this.#store.locks.acquire(name, this, timeout, this.#abort)
    if (this.#state !== 'active') this.#store.locks.releaseAll(this)
    this.#assertActive()
  }

  #stored(repository: string, id: string): StoredAggregate | undefined {
    return this.#staged.get(aggregateTable(repository), id) as StoredAggregate | undefined
  }

  #context(): InMemoryUnit {
    const assertActive = () => this.#assertActive()
    const options = this.#options
    let signal: AbortSignal | undefined
    return {
      get signal() {
        signal ??= options.signal ?? new AbortController().signal
        return signal
      },
      table: (name) => this.#table(userTable(name)),
      transaction: {
        assertActive,
        track: (identities) => this.#session.track({ identities }),
        read: (repository, id, lock) =>
          this.#ask(`read ${repository} ${id}${lock === false ? '' : ' for update'}`, async () => {
            const locked = lock === 'if there' ? this.#stored(repository, id) !== undefined : lock
            if (locked) await this.#lock(aggregateLock(repository, id))
            assertActive()
            const stored = this.#stored(repository, id)
            return stored && { version: stored.version, rows: copyRows(stored.rows) }
          }),
        readAll: (repository) =>
          this.#ask(`read all ${repository}`, async () => {
            assertActive()
            return this.#staged.entries(aggregateTable(repository)) as ReadonlyMap<string, StoredAggregate>
          }),
      },
    }
  }

  #table<V>(name: string): InMemoryTable<V> {
    const set = (key: string, value: V | undefined) => {
      this.#assertActive()
      this.#staged.set(name, key, value)
    }
    return {
      get: (key) => this.#staged.get(name, key) as V | undefined,
      set,
      delete: (key) => set(key, undefined),
      entries: () => this.#staged.entries(name) as ReadonlyMap<string, V>,
    }
  }

  #assertActive(): void {
    if (this.#abort?.aborted) throw this.#abort.reason
    if (this.#state === 'lost') throw storeConnectionLost()
    if (this.#state !== 'active') throw unitEnded(this.#state)
  }
}

function aggregateLock(repository: string, id: string): string {
  return `${aggregateTable(repository)} ${id}`
}
