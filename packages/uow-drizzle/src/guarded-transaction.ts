import { type Abort, unitEnded } from '@posthorn/core/storage'
import type { Row } from 'postgres'
import { cancelUntilOver } from './cancel-query.ts'
import {
  asReadOnlyUnit,
  beginTimeout,
  classifyError,
  commitOutcomeUnknown,
  connectionLost,
  errorCode,
  isLoss,
  isSaidByServer,
  silentConnection,
} from './classify-error.ts'
import type { CommitOutcome, TransactionId } from './commit-outcome.ts'
import type { Connection } from './connection.ts'
import { deferred } from './deferred.ts'
import { checkParameters, type Parameter } from './parameters.ts'
import { within } from './within.ts'

/*
 * `sql.begin` of postgres.js 3.4 is unsafe when the connection dies inside it: it writes its own rollback on a socket
 * that is not there, which ends the process, or the dead transaction's next statement and its commit run inside the
 * transaction that has the connection next. Hence transactions are begun and ended by statements of our own, on a
 * connection that is nobody else's before or after its loss. Every statement is refused from then on; and each one under
 * way is given up with the loss, for some would otherwise never settle.
 */

export interface GuardOptions {
  /** What begins it, its time limits included. */
  readonly opening: string
  readonly readOnly: boolean
  /** Without an answer for so long the connection counts as lost, in ms. */
  readonly longestSilence: number
  /** How long a cancellation or a rollback waits for a server that does not answer, in ms. */
  readonly patience: number
  readonly abort: Abort | undefined
  /** Sends what is not to wait until it has begun. It must do nothing unless the transaction has its name. */
  readonly first?: ((transaction: GuardedTransaction) => void) | undefined
  /** Asks the server what became of a transaction. */
  readonly outcomeOf: (transaction: TransactionId) => Promise<CommitOutcome>
}

/** The name by which the server tells what became of a transaction, asked for before it may matter. */
const NAME = 'select pg_current_xact_id()::text as xid'

/** A statement that has no answer yet. */
interface Underway {
  query: PromiseLike<unknown> | undefined
  readonly reject: (error: unknown) => void
  /** Called when its answer has come, or never will: the connection is lost. */
  onOver: () => void
}

type Phase = 'beginning' | 'open' | 'committing' | 'rolling-back' | 'committed' | 'rolled-back' | 'lost'

/** One transaction on one connection, from BEGIN to its end. */
export class GuardedTransaction {
  /** Settles with the transaction's end, whatever that is. */
  readonly ended: Promise<void>
  readonly #connection: Connection
  readonly #readOnly: boolean
  readonly #longestSilence: number
  readonly #patience: number
  readonly #abort: Abort | undefined
  readonly #outcomeOf: GuardOptions['outcomeOf']
  readonly #ended = deferred<void>()
  readonly #statements = new Set<Underway>()
  readonly #forgetConnection: (() => void) | undefined
  readonly #forgetAbort: (() => void) | undefined
  #phase: Phase = 'beginning'
  /** The server's name for it; a transaction that cannot write has none. */
  #xid: string | undefined
  /** Why Postgres runs no statement any more but the end, or the return to a savepoint; perhaps it has not been asked. */
  #failure: { readonly error: unknown; readonly saidByServer: boolean } | undefined
  #loss: unknown
  #savepoints = 0
  #aborted: Promise<void> | undefined
  /** Settles when no cancellation is on its way any more that was asked for during the commit. */
  #cancelled: Promise<void> | undefined
  /** When the last answer came, or the first statement after it was sent. */
  #heard = 0
  #silence: NodeJS.Timeout | undefined

  private constructor(connection: Connection, options: GuardOptions) {
    const { readOnly, longestSilence, patience, abort, outcomeOf } = options
    this.#connection = connection
    this.#readOnly = readOnly
    this.#longestSilence = longestSilence
    this.#patience = patience
    this.#abort = abort
    this.#outcomeOf = outcomeOf
    this.ended = this.#ended.promise
    // Whoever ends the transaction awaits its end; when it ends by itself nobody does.
    this.#ended.promise.catch(() => undefined)
    this.#forgetAbort = abort?.onAbort(() => this.#onAbort())
    this.#forgetConnection = connection.onLost((loss) => this.#onLost(loss))
    if (abort?.aborted) this.#onAbort()
  }

  /**
   * Begins a transaction on a connection that is its own until it has ended.
   *
   * @param timeout in ms
   * @throws {PosthornError} `AcquireTimeout`, `ConnectionLost`, or the signal's reason; the connection is then lost
   */
  static async begin(
    connection: Connection,
    options: GuardOptions,
    timeout: number,
  ): Promise<GuardedTransaction> {
    const { opening, readOnly, abort, first } = options
    const transaction = new GuardedTransaction(connection, options)
    const timer = setTimeout(() => connection.destroy(beginTimeout(timeout)), timeout)
    try {
      // One message, whose answer is a list for each of its statements.
      const answered = connection.ask({ text: readOnly ? opening : `${opening}; ${NAME}` })
      first?.(transaction)
      const answers = await answered
      if (transaction.#phase === 'lost') throw transaction.#loss
      if (!readOnly) transaction.#xid = String((answers.at(-1) as unknown as readonly Row[])[0]?.xid)
      transaction.#phase = 'open'
      return transaction
    } catch (error) {
      // The first of the statements may have begun what the others did not finish.
      connection.destroy(error)
      throw abort?.aborted ? abort.reason : classifyError(error)
    } finally {
      clearTimeout(timer)
    }
  }

  get phase(): Phase {
    return this.#phase
  }

  #assertNoFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** @throws {PosthornError} `UnitEnded`, `ConnectionLost`, or the signal's reason */
  assertOpen(): void {
    if (this.#phase === 'lost') throw connectionLost(this.#loss)
    if (this.#abort?.aborted) throw this.#abort.reason
    if (this.#phase !== 'open' && this.#phase !== 'beginning') throw unitEnded(this.#phase)
  }

  /**
   * Statements are sent in the order of the calls, without waiting for the answers of those before.
   *
   * @throws {PosthornError} `InvalidParameter`, which fails the transaction too
   */
  run(text: string, given: readonly Parameter[] = [], arrays = false): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.assertOpen()
      const parameters = this.#checked(given)
      const underway: Underway = { query: undefined, reject, onOver: nothing }
      this.#statements.add(underway)
      this.#awaitAnswer()
      underway.query = this.#connection.send(
        { text, parameters, arrays },
        (rows) => {
          this.#noteAnswer(underway)
          resolve(rows)
        },
        (reason) => {
          this.#noteAnswer(underway)
          reject(this.#failed(reason))
        },
      )
    })
  }

  #checked(parameters: readonly Parameter[]): readonly Parameter[] {
    try {
      return checkParameters(parameters)
    } catch (error) {
      this.#failure ??= { error, saidByServer: false }
      throw error
    }
  }

  #noteAnswer(underway: Underway): void {
    this.#statements.delete(underway)
    this.#heard = performance.now()
    underway.onOver()
  }

  #failed(reason: unknown): unknown {
    const ours = this.#readOnly ? asReadOnlyUnit(reason) : undefined
    const isCancelled = this.#cancelled !== undefined && errorCode(reason) === '57014'
    const error = isCancelled ? this.#abort?.reason : (ours ?? classifyError(reason))
    this.#failure ??= { error, saidByServer: isSaidByServer(reason) }
    // At once: whoever waits for this statement must not be able to send another one.
    if (ours === undefined && isLoss(reason)) this.#connection.destroy(reason)
    return error
  }

  /** Runs work whose writes are undone when it fails; the transaction goes on. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#assertNoFailure()
    const name = `s${this.#savepoints++}`
    await this.run(`savepoint ${name}`)
    try {
      const result = await work()
      this.assertOpen()
      // One that nobody looked at.
      this.#assertNoFailure()
      return result
    } catch (error) {
      this.assertOpen()
      await this.run(`rollback to ${name}`)
      this.#failure = undefined
      throw error
    }
  }

  /**
   * Sends COMMIT behind the statements that have no answer yet, without waiting for theirs: when one of them fails Postgres
   * rolls back, and says so. Until then the signal still ends what waits, for a lock perhaps.
   *
   * @throws {PosthornError} `CommitOutcomeUnknown`, `UnitEnded`, or why Postgres would not commit
   */
  async commit(): Promise<void> {
    this.assertOpen()
    if (this.#failure !== undefined) {
      await this.#rollback()
      throw this.#failure.error
    }
    this.#enter('committing')
    this.#connection.send(
      { text: 'commit' },
      // Of a transaction in which a statement has failed Postgres says so, and calls it no error. It may be a failure that
      // the return to a savepoint, beside which the statement ran, has made us forget.
      ({ command }) => {
        const undone = command === 'ROLLBACK'
        void this.#onAnswer(undone ? (this.#failure ?? { error: unitEnded('rolled-back') }) : undefined)
      },
      (error: unknown) => {
        if (isLoss(error)) this.#connection.destroy(error)
        void this.#onAnswer({ error: classifyError(error) })
      },
    )
    await this.#ended.promise
  }

  /** What became of a commit that got no answer. */
  async outcome(): Promise<CommitOutcome> {
    if (this.#xid === undefined) return 'aborted'
    return this.#outcomeOf({ xid: this.#xid, era: this.#connection.era })
  }

  /** Never throws. A server that does not answer is given up after a while; it rolls back when it notices. */
  async rollback(): Promise<void> {
    await this.#aborted
    await this.#rollback()
  }

  async #rollback(): Promise<void> {
    if (this.#phase !== 'open') return
    this.#enter('rolling-back')
    this.#connection.send(
      { text: 'rollback' },
      () => this.#end('rolled-back'),
      (error: unknown) => this.#connection.destroy(error),
    )
    await within(this.#patience, this.#ended.promise)
    if (!this.#isOver()) this.#connection.destroy(silentConnection(this.#patience))
  }

  #onAbort(): void {
    if (this.#phase === 'beginning') this.#connection.destroy(this.#abort?.reason)
    else if (this.#phase === 'committing') this.#cancelled ??= this.#cancel()
    else this.#aborted ??= this.#giveUp()
  }

  async #giveUp(): Promise<void> {
    const statements = [...this.#statements]
    const overs = statements.map(ended)
    for (const { reject } of statements) reject(this.#abort?.reason)
    // Only the oldest is at work; the others fail after it. A cancellation that came late would hit another statement.
    const query = statements[0]?.query
    const cancelled = query === undefined ? undefined : cancelUntilOver(query, overs[0] ?? Promise.resolve())
    const over = Promise.allSettled([cancelled, ...overs])
    await within(this.#patience, Promise.race([over, this.#ended.promise]))
    await this.#rollback()
  }

  /** Ends what the commit waits for. Where that comes too late the commit succeeds. */
  async #cancel(): Promise<void> {
    await within(this.#patience, this.#cancelStatements())
    if (this.#statements.size > 0) this.#connection.destroy(silentConnection(this.#patience))
  }

  async #cancelStatements(): Promise<void> {
    for (const statement of this.#statements) {
      if (statement.query !== undefined) await cancelUntilOver(statement.query, ended(statement))
    }
  }

  async #onAnswer(failure: { readonly error: unknown } | undefined): Promise<void> {
    // It would hit who has the connection next.
    if (this.#cancelled !== undefined) await this.#cancelled
    if (this.#isOver()) return
    if (failure !== undefined) this.#ended.reject(this.#abort?.aborted ? this.#abort.reason : failure.error)
    this.#end(failure === undefined ? 'committed' : 'rolled-back')
  }

  #onLost(loss: unknown): void {
    if (this.#isOver()) return
    this.#loss = loss
    // Some of them would never settle.
    for (const { reject } of this.#statements) reject(connectionLost(loss))
    this.#statements.clear()
    if (this.#phase === 'committing') {
      // After a statement that failed there is no commit that could have succeeded.
      const failure = this.#failure?.saidByServer ? this.#failure.error : undefined
      this.#ended.reject(failure ?? commitOutcomeUnknown(loss, this.#xid))
    }
    this.#end(this.#phase === 'rolling-back' ? 'rolled-back' : 'lost')
  }

  #isOver(): boolean {
    return this.#phase === 'committed' || this.#phase === 'rolled-back' || this.#phase === 'lost'
  }

  #end(phase: Phase): void {
    this.#enter(phase)
    this.#forgetConnection?.()
    this.#ended.resolve()
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    if (phase === 'committing') {
      this.#awaitAnswer()
      return
    }
    clearTimeout(this.#silence)
    this.#forgetAbort?.()
  }

  /** From one answer to the next: a statement may have to wait for many before it. */
  #awaitAnswer(): void {
    if (this.#statements.size > 1) return
    this.#heard = performance.now()
    this.#silence ??= setTimeout(() => this.#look(), this.#longestSilence)
  }

  /** A timer for each transaction costs little, one for each statement would not. */
  #look(): void {
    this.#silence = undefined
    if (this.#phase !== 'committing' && this.#statements.size === 0) return
    const left = this.#heard + this.#longestSilence - performance.now()
    if (left <= 0) this.#connection.destroy(silentConnection(this.#longestSilence))
    else this.#silence = setTimeout(() => this.#look(), left)
  }
}

function nothing(): void {}

/** Settles when a statement has its answer. */
function ended(underway: Underway): Promise<void> {
  return new Promise((resolve) => {
    underway.onOver = resolve
  })
}
