import { PosthornError, type UnitOfWork, type UnitOptions } from '@posthorn/core'
import {
  type AggregateChange,
  type HandledOutcome,
  type Inbox,
  type InboxKey,
  notClaimed,
  type Outbox,
  type OutboxEntry,
  type OutboxRecord,
  type SessionOptions,
  type TrackedRepository,
  type Transaction,
  UnitSession,
  type UnitState,
} from '@posthorn/core/storage'
import { commitOutcomeUnknown, connectionLost } from './classify-error.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import { claimMessage, recordOutcome } from './drizzle-inbox.ts'
import { assignedXid, insertOutbox, strikeOff } from './drizzle-outbox.ts'
import type { GuardedTransaction } from './guarded-transaction.ts'
import { pipelined } from './pipelined.ts'
import type { PostgresDriver } from './postgres-driver.ts'
import { type Db, drizzleOn, type Parameter } from './statement-client.ts'
import type { Write } from './write-change.ts'

/** What the factories of repositories and adapters are given. */
export interface DrizzleUnit {
  /**
   * Drizzle inside this unit's transaction, for finders and views. Its `transaction` is a savepoint: not to be had while
   * one of the unit's is open (`SavepointOverlap`). A unit that has written nothing in this database is tried again when
   * its connection dies at the commit: one that only notifies, or only writes to foreign tables, may then do so twice.
   */
  readonly db: Db
  readonly signal: AbortSignal
  /** For repositories. */
  readonly transaction: DrizzleAccess
}

/** What a drizzle repository needs of its unit. */
export interface DrizzleAccess {
  readonly assertActive: () => void
  readonly run: (text: string, parameters: readonly Parameter[]) => Promise<readonly unknown[]>
  readonly track: (repository: WritingRepository) => void
}

interface WritingRepository extends TrackedRepository {
  /** Builds the statements that write a change, in their order. */
  write(change: AggregateChange): readonly Write[]
}

type Runs = Pick<GuardedTransaction, 'run'>

/** One transaction in Postgres. */
export class DrizzleTransaction<R extends object, D extends string> implements Transaction<R, D> {
  readonly unit: UnitOfWork<R, D>
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly #driver: PostgresDriver
  readonly #guarded: GuardedTransaction
  readonly #session: UnitSession<R, D, WritingRepository, DrizzleUnit>
  readonly #records: OutboxRecord[] = []
  readonly #outcomes = new Map<InboxKey, HandledOutcome>()
  /** The server's name for the transaction, by which it tells what became of it; it has one once it has written. */
  #xid: string | undefined
  /** Whether, after the unit's last statement, the server has said that it has no name for it: nothing was written. */
  #untouched = true
  #asked: Promise<void> = Promise.resolve()
  #committed = false

  constructor(
    driver: PostgresDriver,
    guarded: GuardedTransaction,
    parts: SessionOptions<R, DrizzleUnit>['parts'],
    { signal = new AbortController().signal, attempt = 1 }: UnitOptions & { readonly attempt?: number },
  ) {
    this.#driver = driver
    this.#guarded = guarded
    const assertActive = () => guarded.assertOpen()
    const savepoint = <T>(work: () => Promise<T>) => guarded.savepoint(work)
    const transaction: DrizzleAccess = {
      assertActive,
      run: (text, parameters) => this.#write(text, parameters),
      track: (repository) => this.#session.track(repository),
    }
    const writer: Runs = { run: (...statement) => this.#write(...statement) }
    const db = drizzleOn(writer.run, { savepoint: (work) => this.unit.savepoint(work) })
    const context = { db, signal, transaction }
    this.#session = new UnitSession({ parts, context, signal, attempt, savepoint, assertActive })
    this.unit = this.#session.unit
    this.outbox = {
      add: (...records) => {
        assertActive()
        this.#records.push(...records)
      },
      strikeOff: (position) => strikeOff(writer, position),
    }
    this.inbox = inboxOf(writer, this.#outcomes)
  }

  get state(): UnitState {
    const { phase } = this.#guarded
    if (this.#committed) return 'committed'
    if (phase === 'open' || phase === 'committing') return 'active'
    return phase === 'lost' ? 'lost' : 'rolled-back'
  }

  takeMessages() {
    return this.#session.takeMessages()
  }

  async commit(): Promise<readonly OutboxEntry[]> {
    this.#guarded.assertOpen()
    try {
      const entries = await this.#flush()
      await this.#commit()
      if (entries.some(({ handler }) => handler === null)) this.#driver.announceOutboxAdded()
      return entries
    } finally {
      await this.rollback()
    }
  }

  async rollback(): Promise<void> {
    await this.#guarded.rollback()
    for (const error of await this.#session.dispose()) {
      process.emitWarning(`An adapter could not be disposed: ${String(error)}`, 'PosthornWarning')
    }
  }

  /** Sends all that is to be written in one go, once it is built: aggregates by id, inbox outcomes, the outbox last. */
  async #flush(): Promise<readonly OutboxEntry[]> {
    const writes = this.#session.changes().flatMap(({ repository, change }) => repository.write(change))
    if (writes.length + this.#outcomes.size + this.#records.length === 0) {
      await this.#asked
      return []
    }
    const sent = writes.map((write) => write((...statement) => this.#guarded.run(...statement)))
    for (const [key, outcome] of this.#outcomes) sent.push(recordOutcome(this.#guarded, key, outcome))
    const stored = insertOutbox(this.#guarded, this.#records)
    await pipelined([...sent, stored])
    const { entries, xid } = await stored
    this.#xid ??= xid
    return entries
  }

  /** Runs a statement that may be the transaction's first to write, and right behind it asks for the transaction's id. */
  #write(...statement: Parameters<Runs['run']>): ReturnType<Runs['run']> {
    const rows = this.#guarded.run(...statement)
    if (this.#xid === undefined) this.#ask()
    return rows
  }

  #ask(): void {
    const note = (xid: string | undefined) => {
      this.#xid ??= xid
      if (asked === this.#asked) this.#untouched = xid === undefined
    }
    const asked = assignedXid(this.#guarded).then(note, () => undefined)
    this.#asked = asked
    this.#untouched = false
  }

  async #commit(): Promise<void> {
    try {
      await this.#guarded.commit()
    } catch (error) {
      if (!(error instanceof PosthornError && error.code === 'CommitOutcomeUnknown')) throw error
      const outcome = await this.#outcome()
      if (outcome === 'aborted') throw connectionLost(error.cause)
      if (outcome === 'unknown') throw commitOutcomeUnknown(error.cause, this.#xid)
    }
    this.#committed = true
  }

  #outcome(): CommitOutcome | Promise<CommitOutcome> {
    if (this.#xid !== undefined) return this.#guarded.outcome(this.#xid)
    return this.#untouched ? 'aborted' : 'unknown'
  }
}

function inboxOf(writer: Runs, outcomes: Map<InboxKey, HandledOutcome>): Inbox {
  const claimed = new Map<string, InboxKey>()
  const idOf = ({ consumer, source, messageId }: InboxKey) => JSON.stringify([consumer, source, messageId])
  return {
    async claim(key, fingerprint) {
      const claim = await claimMessage(writer, key, fingerprint)
      if (claim.first) claimed.set(idOf(key), key)
      return claim
    },
    record(key, outcome) {
      const own = claimed.get(idOf(key))
      if (own === undefined) throw notClaimed(key.messageId)
      outcomes.set(own, outcome)
    },
  }
}
