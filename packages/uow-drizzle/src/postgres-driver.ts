import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { PosthornError, type Telemetry, type UnitOptions } from '@posthorn/core'
import { type Abort, abortOf } from '@posthorn/core/storage'
import type { Row } from 'postgres'
import { cancelQuery } from './cancel-query.ts'
import {
  classifyError,
  classifyStatementError,
  connectionLost,
  driverEnded,
  isConnectionError,
  isLoss,
  isStaleStatement,
  silentConnection,
} from './classify-error.ts'
import { type CommitOutcome, commitOutcome, type TransactionId } from './commit-outcome.ts'
import { Connection } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { GuardedTransaction, type GuardOptions } from './guarded-transaction.ts'
import { checkParameters, type Parameter } from './parameters.ts'
import { type Db, drizzleOn } from './statement-client.ts'
import { longestSilence, timeLimits } from './time-limits.ts'
import { within } from './within.ts'

/** How the driver connects, and how many connections it keeps. */
export interface PostgresDriverOptions {
  /** The most connections. Default 10. */
  readonly max?: number
  /** How long making a connection may take, login included, in ms: for each host that the URL names. Default 10,000. */
  readonly connectTimeout?: number
  /** How long, in ms, the server may be late with an answer before the connection counts as lost. Default 5,000. */
  readonly patience?: number
  /** As Postgres shows it in `pg_stat_activity`. Default `posthorn`. */
  readonly applicationName?: string
  /** False for a pooler that knows no prepared statements; each statement then costs two round trips. Default true. */
  readonly prepare?: boolean
  /** Has the connections speak TLS, with this server only. Without it the URL's `sslmode` counts, as postgres.js has it. */
  readonly tls?: PostgresTlsOptions
  /** Hears how long connections are waited for; `applicationName` is the name of the pool. */
  readonly telemetry?: Telemetry | undefined
}

/**
 * What a private certificate authority or a client certificate takes; each is PEM. The server's certificate is always
 * checked: its authority (Node's list unless `ca` is given), its dates, and that it is for the host of the URL.
 */
export type PostgresTlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'>

/** Longest wait for a statement outside a transaction, in ms, its wait for a connection included. */
const STATEMENT_DEADLINE = 15_000

/**
 * A pool of connections to one Postgres database. It makes the postgres.js clients itself, because only certain
 * settings and ways of using them are safe; `connection.ts` and `guarded-transaction.ts` say why.
 */
export class PostgresDriver implements AsyncDisposable {
  /** Drizzle outside any transaction, for reading views. `db.transaction` is refused: begin a unit of work. */
  readonly db: Db
  readonly #pool: ConnectionPool
  readonly #max: number
  readonly #patience: number
  readonly #addedListeners = new Set<() => void>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #telemetry: Telemetry | undefined
  readonly #name: string
  readonly #unwatch: (() => void) | undefined
  #ending: Promise<void> | undefined

  constructor(url: string, options: PostgresDriverOptions = {}) {
    const {
      max = 10,
      connectTimeout = 10_000,
      applicationName = 'posthorn',
      prepare = true,
      patience = 5_000,
      tls,
      telemetry,
    } = options
    this.#max = max
    this.#patience = patience
    const client = {
      prepare,
      ...(tls === undefined ? {} : { ssl: { ...checkedAddress(url), ...tls } }),
      connectTimeout,
      connection: { application_name: applicationName },
    }
    this.#pool = new ConnectionPool(max, (ended) => Connection.open(url, client, ended))
    this.#telemetry = telemetry
    this.#name = applicationName
    this.#unwatch = telemetry?.watch({ kind: 'pool', name: applicationName, read: () => this.#pool.state })
    this.db = drizzleOn(
      (text, parameters, arrays) => this.query(text, parameters, arrays) as Promise<unknown[]>,
      { savepoint: () => Promise.reject(noTransaction()) },
    )
  }

  /**
   * Runs one statement outside any transaction. `deadline` in ms, its wait for a connection included.
   *
   * @throws {PosthornError} `AcquireTimeout`, `AccessRefused`; `SerializationConflict`; `ConnectionLost`, with the outcome
   * `unknown` when the statement had been sent, for it may have been executed
   */
  async query<T = Readonly<Record<string, unknown>>>(
    text: string,
    parameters: readonly Parameter[] = [],
    arrays = false,
    deadline = STATEMENT_DEADLINE,
  ): Promise<readonly T[]> {
    this.#assertNotEnding()
    const running = this.#query(text, checkParameters(parameters), arrays, deadline)
    this.#note(running)
    // The caller knows what its statement selects.
    return (await running) as unknown as readonly T[]
  }

  async #query(
    text: string,
    parameters: readonly Parameter[],
    arrays: boolean,
    deadline: number,
  ): Promise<readonly Row[]> {
    const end = performance.now() + deadline
    const connection = await this.#connection(deadline)
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<readonly Row[]>((resolve, reject) => {
        const query = connection.send({ text, parameters, arrays }, resolve, reject)
        timer = setTimeout(() => {
          void cancelQuery(query)
          connection.destroy(silentConnection(deadline))
        }, end - performance.now())
      })
    } catch (error) {
      if (isLoss(error)) connection.destroy(error)
      // Nothing has been executed.
      if (!isStaleStatement(error)) throw classifyStatementError(error)
    } finally {
      clearTimeout(timer)
      this.#pool.release(connection)
    }
    return this.#query(text, parameters, arrays, end - performance.now())
  }

  /**
   * Begins a transaction.
   *
   * @param first sends statements along with BEGIN, on each connection that it is tried on. They must do nothing unless
   * `pg_current_xact_id_if_assigned` gives a name: where BEGIN fails they would run by themselves
   * @throws {PosthornError} `AcquireTimeout`, `ConnectionLost`, `AccessRefused`; `SerializationConflict` when `lockKey` is
   * not to be had; the signal's reason
   */
  async begin(
    options: UnitOptions = {},
    first?: (transaction: GuardedTransaction) => void,
  ): Promise<GuardedTransaction> {
    this.#assertNotEnding()
    const { isolation = 'read committed', readOnly = false, lockKey } = options
    const guard: GuardOptions = {
      opening: `begin isolation level ${isolation}${readOnly ? ' read only' : ''}; ${timeLimits(options)}`,
      readOnly,
      longestSilence: longestSilence(options, this.#patience),
      patience: this.#patience,
      abort: abortOf(options),
      first,
      outcomeOf: (id) => this.#outcomeOf(id),
    }
    const begun = this.#begin(guard, options.acquireTimeout ?? 5_000)
    // From now on, so that whoever waits for a connection is not forgotten at the end.
    this.#note(begun.then(({ ended }) => ended))
    const transaction = await begun
    if (lockKey === undefined) return transaction
    try {
      await transaction.run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [lockKey])
      return transaction
    } catch (error) {
      await transaction.rollback()
      throw error
    }
  }

  /** An idle connection may turn out to be dead only now. So each of them may fail, and one more. */
  async #begin(options: GuardOptions, timeout: number): Promise<GuardedTransaction> {
    const end = performance.now() + timeout
    const left = () => Math.max(0, Math.round(end - performance.now()))
    for (let tries = 0; ; tries++) {
      const connection = await this.#connection(left(), options.abort)
      const release = () => this.#pool.release(connection)
      try {
        const transaction = await GuardedTransaction.begin(connection, options, left())
        transaction.ended.then(release, release)
        return transaction
      } catch (error) {
        release()
        if (tries === this.#max || !isConnectionError(error)) throw error
      }
    }
  }

  async #connection(timeout: number, abort?: Abort): Promise<Connection> {
    const began = this.#telemetry === undefined ? 0 : performance.now()
    try {
      const connection = await this.#pool.acquire(timeout, abort)
      this.#noteWait(began)
      return connection
    } catch (error) {
      this.#noteWait(began, error)
      throw abort?.aborted ? abort.reason : classifyError(error)
    }
  }

  #noteWait(began: number, error?: unknown): void {
    if (this.#telemetry === undefined) return
    const waited = performance.now() - began
    this.#telemetry.note({ kind: 'connection-awaited', pool: this.#name, waited, error })
  }

  /** Asked also while the driver is ending, which waits for the answer. */
  #outcomeOf(id: TransactionId): Promise<CommitOutcome> {
    const asking = commitOutcome(
      (text, parameters, deadline) => this.#query(text, parameters, false, deadline),
      id,
    )
    this.#note(asking)
    return asking
  }

  /** Called after each commit through this driver that wrote outbox entries for the broker. */
  onOutboxAdded(listener: () => void): () => void {
    const own = () => listener()
    this.#addedListeners.add(own)
    return () => this.#addedListeners.delete(own)
  }

  announceOutboxAdded(): void {
    for (const listener of this.#addedListeners) {
      try {
        listener()
      } catch (error) {
        process.emitWarning(`A listener for the outbox failed: ${String(error)}`, 'PosthornWarning')
      }
    }
  }

  /**
   * Refuses what is new, waits `patience` ms (default 5,000) for what is running, then closes all connections. Idempotent.
   */
  end(patience = 5_000): Promise<void> {
    this.#ending ??= this.#end(patience)
    return this.#ending
  }

  async #end(patience: number): Promise<void> {
    await within(patience, this.#idle())
    this.#unwatch?.()
    await this.#pool.end()
  }

  /** What has ended may have a successor: the question what became of its commit. */
  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  #note(running: Promise<unknown>): void {
    const forget = () => this.#running.delete(running)
    this.#running.add(running)
    running.then(forget, forget)
  }

  #assertNotEnding(): void {
    if (this.#ending !== undefined) throw connectionLost(driverEnded())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

/** Connects lazily. The URL's `user:password@host:port/database` may be completed by the `PG…` variables. */
export function postgresDriver(url: string, options?: PostgresDriverOptions): PostgresDriver {
  return new PostgresDriver(url, options)
}

/** Of an address postgres.js tells Node nothing, which would then look for the name `localhost` in the certificate. */
function checkedAddress(url: string): { readonly host?: string } {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
  return isIP(host) === 0 ? {} : { host }
}

function noTransaction(): PosthornError<'UnguardedTransaction'> {
  return new PosthornError(
    'UnguardedTransaction',
    'A transaction of the driver’s db would be unsafe when its connection is lost; begin a unit of work instead',
    { outcome: 'not-executed' },
  )
}
