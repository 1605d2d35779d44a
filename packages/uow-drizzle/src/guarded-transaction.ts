import { setMaxListeners } from 'node:events'
import { unitEnded } from '@posthorn/core/storage'
import type { Row, Sql, TransactionSql } from 'postgres'
import { cancelQuery } from './cancel-query.ts'
import {
  acquireTimeout,
  classifyError,
  commitOutcomeUnknown,
  connectionLost,
  isConnectionError,
  silentConnection,
} from './classify-error.ts'
import { deferred } from './deferred.ts'
import type { Parameter } from './statement-client.ts'
import { within } from './within.ts'

/*
 * postgres.js 3.4 is unsafe when a connection dies inside `sql.begin`: it writes its own rollback on a socket that is
 * not there, which ends the process, or the dead transaction's next statement and its commit run inside the
 * transaction that has the connection next. Both happen only when the callback settles or sends something after the
 * death. Hence the guard: the callback gives a promise that is settled from outside, by commit or rollback, and never
 * once the connection is lost; every statement is refused from then on; and each one under way is raced with the
 * loss, for some would otherwise never settle.
 */

export interface GuardOptions {
  /** What follows BEGIN. */
  readonly mode: string
  readonly prepare: boolean
  /** In ms. */
  readonly acquireTimeout: number
  /** Without an answer for so long the connection counts as lost, in ms. */
  readonly longestSilence: number
  /** How long a cancellation or a rollback waits for a server that does not answer, in ms. */
  readonly patience: number
  readonly signal: AbortSignal | undefined
}

type Scope = Pick<TransactionSql, 'unsafe' | 'savepoint'>

/**
 * The only place that calls `sql.begin`.
 *
 * @throws {PosthornError} `AcquireTimeout`, `ConnectionLost`, or the signal's reason; a connection that comes later is
 * rolled back
 */
export function beginGuarded(sql: Sql, options: GuardOptions): Promise<GuardedTransaction> {
  const { mode, signal } = options
  const begun = deferred<GuardedTransaction>()
  let transaction: GuardedTransaction | undefined
  let wanted = true
  const giveUp = (error: unknown) => {
    wanted = false
    stopWaiting()
    begun.reject(error)
  }
  const onAbort = () => giveUp(signal?.reason)
  const timer = setTimeout(() => giveUp(acquireTimeout(options.acquireTimeout)), options.acquireTimeout)
  const stopWaiting = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
  if (signal?.aborted) giveUp(signal.reason)
  else signal?.addEventListener('abort', onAbort)
  // Many transactions may share a signal; that is no leak.
  if (signal !== undefined) setMaxListeners(0, signal)
  if (!wanted) return begun.promise

  sql
    .begin(mode, (scope) => {
      if (!wanted) throw new Error('Nobody waits for this connection any more')
      stopWaiting()
      transaction = new GuardedTransaction(scope, options)
      begun.resolve(transaction)
      return transaction.gate
    })
    .then(
      () => transaction?.onCommitted(),
      (error: unknown) =>
        transaction === undefined ? giveUp(classifyError(error)) : transaction.onFailed(error),
    )
  return begun.promise
}

interface Statement {
  readonly cancel: (() => Promise<void>) | undefined
  readonly reject: (error: unknown) => void
  /** Its answer has come, or never will: the connection is lost. */
  readonly over: Promise<void>
}

type Phase = 'open' | 'committing' | 'rolling-back' | 'committed' | 'rolled-back' | 'lost'

/** One transaction on one connection, from BEGIN to its end. */
export class GuardedTransaction {
  /** What postgres.js waits for before it commits or rolls back. */
  readonly gate: Promise<void>
  /** Settles with the transaction's end, whatever that is. */
  readonly ended: Promise<void>
  readonly #prepare: boolean
  readonly #longestSilence: number
  readonly #patience: number
  readonly #signal: AbortSignal | undefined
  readonly #gate = deferred<void>()
  readonly #ended = deferred<void>()
  readonly #statements = new Set<Statement>()
  readonly #onAbort = () => {
    this.#aborted ??= this.#abort()
  }
  #scope: Scope
  #phase: Phase = 'open'
  #loss: unknown
  #aborted: Promise<void> | undefined
  #silence: NodeJS.Timeout | undefined

  constructor(scope: Scope, { prepare, longestSilence, patience, signal }: GuardOptions) {
    this.#scope = scope
    this.#prepare = prepare
    this.#longestSilence = longestSilence
    this.#patience = patience
    this.#signal = signal
    this.gate = this.#gate.promise
    this.ended = this.#ended.promise
    // Whoever ends the transaction awaits its end; when it ends by itself nobody does.
    this.#ended.promise.catch(() => undefined)
    signal?.addEventListener('abort', this.#onAbort)
  }

  get phase(): Phase {
    return this.#phase
  }

  /** @throws {PosthornError} `UnitEnded`, `ConnectionLost`, or the signal's reason */
  assertOpen(): void {
    if (this.#phase === 'lost') throw connectionLost(this.#loss)
    if (this.#signal?.aborted) throw this.#signal.reason
    if (this.#phase !== 'open') throw unitEnded(this.#phase)
  }

  /** Statements are sent in the order of the calls, without waiting for the answers of those before. */
  async run(text: string, parameters: readonly Parameter[] = [], arrays = false): Promise<readonly Row[]> {
    this.assertOpen()
    const query = this.#scope.unsafe(text, [...parameters], { prepare: this.#prepare })
    return this.#raced(arrays ? query.values() : query, () => cancelQuery(query))
  }

  /** Runs work whose writes are undone when it fails; the transaction goes on. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen()
    const outer = this.#scope
    // Rejected with an error of its own: one of the work's may look as if the connection were lost.
    const gate = deferred<void>()
    const undone = new Error('Rolled back to the savepoint')
    const opened = deferred<void>()
    const ended = outer.savepoint((scope) => {
      this.#scope = scope
      opened.resolve()
      return gate.promise
    })
    ended.catch(opened.reject)
    await this.#raced(opened.promise)
    try {
      const result = await work()
      this.assertOpen()
      gate.resolve()
      await this.#raced(ended)
      return result
    } catch (error) {
      this.assertOpen()
      gate.reject(undone)
      await this.#raced(ended).catch((reason) => {
        if (reason !== undone) throw reason
      })
      throw error
    } finally {
      this.#scope = outer
    }
  }

  /** @throws {PosthornError} `CommitOutcomeUnknown`, or why Postgres would not commit */
  async commit(): Promise<void> {
    this.assertOpen()
    this.#end('committing')
    this.#gate.resolve()
    await this.#ended.promise
  }

  /** Never throws. A server that does not answer is given up after a while; it rolls back when it notices. */
  async rollback(): Promise<void> {
    await this.#aborted
    await this.#rollback()
  }

  onCommitted(): void {
    if (this.#phase === 'lost') return
    this.#end('committed')
    this.#ended.resolve()
  }

  /** `sql.begin` has rejected: because we rolled back, because the commit failed, or because the connection died. */
  onFailed(error: unknown): void {
    if (this.#phase === 'open') this.#lose(error)
    if (this.#phase === 'lost') return
    const committing = this.#phase === 'committing'
    const lost = isConnectionError(error)
    if (lost) this.#giveUpStatements(error)
    this.#end(committing && lost ? 'lost' : 'rolled-back')
    this.#loss = error
    if (!committing) this.#ended.resolve()
    else this.#ended.reject(lost ? commitOutcomeUnknown(error) : classifyError(error))
  }

  #raced<T>(promise: PromiseLike<T>, cancelIt?: () => Promise<void>): Promise<T> {
    const raced = deferred<T>()
    const over = deferred<void>()
    const statement: Statement = { cancel: cancelIt, reject: raced.reject, over: over.promise }
    this.#statements.add(statement)
    if (this.#statements.size === 1) this.#awaitAnswer()
    const settle = (then: () => void) => {
      this.#statements.delete(statement)
      this.#awaitAnswer()
      over.resolve()
      then()
    }
    promise.then(
      (value) => settle(() => raced.resolve(value)),
      (error: unknown) =>
        settle(() => {
          // At once: whoever waits for this statement must not be able to send another one.
          if (this.#phase === 'open' && isConnectionError(error)) this.#lose(error)
          raced.reject(classifyError(error))
        }),
    )
    return raced.promise
  }

  async #abort(): Promise<void> {
    const statements = [...this.#statements]
    for (const { reject } of statements) reject(this.#signal?.reason)
    // Only the oldest is at work; the others fail after it. A cancellation that came late would hit another statement.
    const [oldest] = statements
    const cancelled = oldest?.cancel?.() ?? Promise.resolve()
    const over = Promise.allSettled([cancelled, ...statements.map((statement) => statement.over)])
    await within(this.#patience, Promise.race([over, this.#ended.promise]))
    await this.#rollback()
  }

  async #rollback(): Promise<void> {
    if (this.#phase !== 'open') return
    this.#end('rolling-back')
    this.#gate.reject(new Error('Rolled back'))
    await within(this.#patience, this.#ended.promise)
  }

  /** From one answer to the next: a statement may have to wait for many before it. */
  #awaitAnswer(): void {
    clearTimeout(this.#silence)
    const due = this.#phase === 'committing' || (this.#phase === 'open' && this.#statements.size > 0)
    if (due) this.#silence = setTimeout(() => this.#onSilence(), this.#longestSilence)
  }

  #onSilence(): void {
    const error = silentConnection(this.#longestSilence)
    if (this.#phase === 'committing') {
      this.onFailed(error)
      return
    }
    this.#lose(error)
    // The connection is still there: should it speak again, it is not to wait for us with the transaction open.
    this.#gate.reject(error)
  }

  #end(phase: Phase): void {
    this.#phase = phase
    this.#awaitAnswer()
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  #lose(error: unknown): void {
    this.#end('lost')
    this.#loss = error
    this.#giveUpStatements(error)
    this.#ended.resolve()
  }

  /** Some of them would never settle. */
  #giveUpStatements(error: unknown): void {
    for (const { reject } of this.#statements) reject(connectionLost(error))
    this.#statements.clear()
  }
}
