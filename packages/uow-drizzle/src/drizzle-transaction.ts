import { PosthornError, type UnitOfWork, type UnitOptions } from '@posthorn/core'
import {
  type AggregateChange,
  type Outbox,
  type OutboxEntry,
  type OutboxRecord,
  type SessionOptions,
  type TrackedRepository,
  type Transaction,
  UnitSession,
  type UnitState,
} from '@posthorn/core/storage'
import { connectionLost } from './classify-error.ts'
import { UnitInbox } from './drizzle-inbox.ts'
import { outboxInsert, strikeOff } from './drizzle-outbox.ts'
import type { GuardedTransaction } from './guarded-transaction.ts'
import type { Parameter } from './parameters.ts'
import { pipelined } from './pipelined.ts'
import type { PostgresDriver } from './postgres-driver.ts'
import { type Db, drizzleOn } from './statement-client.ts'
import type { Write } from './write-change.ts'

/** What the factories of repositories and adapters are given. */
export interface DrizzleUnit {
  /**
   * Drizzle inside this unit's transaction, for finders and views. Its `transaction` is a savepoint: not to be had while
   * one of the unit's is open (`SavepointOverlap`).
   */
  readonly db: Db
  readonly signal: AbortSignal
  /** For repositories, and for views that are written at commit. */
  readonly transaction: DrizzleAccess
}

/** What a drizzle repository needs of its unit. */
export interface DrizzleAccess {
  readonly assertActive: () => void
  /** With `arrays` the rows come as arrays of values, otherwise as objects. */
  readonly run: (
    text: string,
    parameters: readonly Parameter[],
    arrays?: boolean,
  ) => Promise<readonly unknown[]>
  readonly track: (repository: WritingRepository) => void
  /**
   * Sends a statement with those of the commit, before them: it costs no round trip, this unit does not see what it
   * wrote, and its error is the commit's.
   */
  readonly runAtCommit: (text: string, parameters: readonly Parameter[]) => void
}

interface WritingRepository extends TrackedRepository {
  /** Builds the statements that write a change, in their order. */
  write(change: AggregateChange): readonly Write[]
}

/** One transaction in Postgres. */
export class DrizzleTransaction<R extends object, D extends string> implements Transaction<R, D> {
  readonly unit: UnitOfWork<R, D>
  readonly inbox: UnitInbox
  readonly outbox: Outbox
  readonly #driver: PostgresDriver
  readonly #guarded: GuardedTransaction
  readonly #session: UnitSession<R, D, WritingRepository, DrizzleUnit>
  readonly #records: OutboxRecord[] = []
  readonly #atCommit: (readonly [text: string, parameters: readonly Parameter[]])[] = []
  #committed = false

  constructor(
    driver: PostgresDriver,
    guarded: GuardedTransaction,
    parts: SessionOptions<R, DrizzleUnit>['parts'],
    options: UnitOptions & { readonly attempt?: number },
    inbox = new UnitInbox(guarded),
  ) {
    this.inbox = inbox
    this.#driver = driver
    this.#guarded = guarded
    const assertActive = () => guarded.assertOpen()
    const savepoint = async <T>(work: () => Promise<T>) => {
      const before = this.#atCommit.length
      return guarded.savepoint(work).catch((error: unknown) => {
        this.#atCommit.length = before
        throw error
      })
    }
    const access: DrizzleAccess = {
      assertActive,
      run: (text, parameters, arrays) => guarded.run(text, parameters, arrays),
      track: (repository) => this.#session.track(repository),
      runAtCommit: (...statement) => {
        assertActive()
        this.#atCommit.push(statement)
      },
    }
    const context: DrizzleUnit = new UnitContext(access, () => this.unit, options)
    this.#session = new UnitSession({
      parts,
      context,
      attempt: options.attempt ?? 1,
      savepoint,
      assertActive,
    })
    this.unit = this.#session.unit
    this.outbox = {
      add: (...records) => {
        assertActive()
        this.#records.push(...records)
      },
      strikeOff: (position) => strikeOff(guarded, position),
    }
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
      const written = this.#flush()
      // Looked at when it is known what became of the commit.
      written.catch(() => undefined)
      const entries = await this.#commit(written)
      if (this.#records.some(({ handler }) => handler === null)) this.#driver.announceOutboxAdded()
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

  /**
   * Sends all that is to be written in one go, once it is built: what was left for the commit, aggregates by id, inbox
   * outcomes, the outbox last.
   */
  #flush(): Promise<readonly OutboxEntry[]> {
    const writes = this.#session.changes().flatMap(({ repository, change }) => repository.write(change))
    const insert = outboxInsert(this.#records)
    const run = (text: string, parameters: readonly Parameter[]) => this.#guarded.run(text, parameters)
    const sent: Promise<unknown>[] = this.#atCommit.map((statement) => run(...statement))
    for (const write of writes) sent.push(write(run))
    sent.push(...this.inbox.flush())
    const entries = insert(run)
    sent.push(entries)
    return pipelined(sent).then(() => entries)
  }

  /** What was written, if it is committed. Why it could not be written says more than that it was not committed. */
  async #commit(written: Promise<readonly OutboxEntry[]>): Promise<readonly OutboxEntry[]> {
    try {
      await this.#guarded.commit()
    } catch (error) {
      const cause = await this.#causeOfLoss(error)
      if (cause !== undefined) {
        await written
        throw cause
      }
      this.#committed = true
      // Their positions are lost with the answers. They are in the outbox, where a relay finds them.
      return written.catch(() => [])
    }
    this.#committed = true
    return written
  }

  /** Undefined when the commit has succeeded all the same. */
  async #causeOfLoss(error: unknown): Promise<unknown> {
    if (!(error instanceof PosthornError && error.code === 'CommitOutcomeUnknown')) return error
    const outcome = await this.#guarded.outcome()
    if (outcome === 'unknown') throw error
    return outcome === 'aborted' ? connectionLost(error.cause) : undefined
  }
}

/** What it is asked for it makes then: most units need no drizzle of their own, and no signal. */
class UnitContext implements DrizzleUnit {
  readonly transaction: DrizzleAccess
  readonly #savepoints: () => Pick<UnitOfWork, 'savepoint'>
  readonly #options: UnitOptions
  #signal: AbortSignal | undefined
  #db: Db | undefined

  constructor(
    transaction: DrizzleAccess,
    savepoints: () => Pick<UnitOfWork, 'savepoint'>,
    options: UnitOptions,
  ) {
    this.transaction = transaction
    this.#savepoints = savepoints
    this.#options = options
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#options.signal ?? new AbortController().signal
    return this.#signal
  }

  get db(): Db {
    this.#db ??= drizzleOn(this.transaction.run, {
      savepoint: (work) => this.#savepoints().savepoint(work),
    })
    return this.#db
  }
}
