import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { PosthornError, type UnitOptions } from '@posthorn/core'
import postgres, { type Sql } from 'postgres'
import { cancelQuery } from './cancel-query.ts'
import { acquireTimeout, classifyError, connectionLost, driverEnded, isLastWord } from './classify-error.ts'
import { beginGuarded, type GuardedTransaction, type GuardOptions } from './guarded-transaction.ts'
import { type Db, drizzleOn, type Parameter } from './statement-client.ts'
import { within } from './within.ts'

/** How the driver connects, and how many connections it keeps. */
export interface PostgresDriverOptions {
  /** The most connections. Default 10. */
  readonly max?: number
  /** In ms, default 10,000. */
  readonly connectTimeout?: number
  /** How long, in ms, the server may be late with an answer before the connection counts as lost. Default 5,000. */
  readonly patience?: number
  /** As Postgres shows it in `pg_stat_activity`. Default `posthorn`. */
  readonly applicationName?: string
  /** False for a pooler that knows no prepared statements; each statement then costs two round trips. Default true. */
  readonly prepare?: boolean
  /** Has the connections speak TLS, with this server only. Without it the URL's `sslmode` counts, as postgres.js has it. */
  readonly tls?: PostgresTlsOptions
}

/**
 * What a private certificate authority or a client certificate takes; each is PEM. The server's certificate is always
 * checked: its authority (Node's list unless `ca` is given), its dates, and that it is for the host of the URL.
 */
export type PostgresTlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'>

/** Beyond so many statements under way each costs a round trip. An option that the client's types leave out. */
const PIPELINE = { max_pipeline: 1_000 }

/** Longest wait for a statement outside a transaction, in ms, its wait for a connection included. */
const STATEMENT_DEADLINE = 15_000

/** Longest wait for idle connections to close, in ms. */
const CLOSING = 200

/** Longer than this no timer waits, in ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * A pool of connections to one Postgres database. It makes the postgres.js client itself, because only certain
 * settings and ways of using it are safe; `guarded-transaction.ts` says why.
 */
export class PostgresDriver implements AsyncDisposable {
  /** Drizzle outside any transaction, for reading views. `db.transaction` is refused: begin a unit of work. */
  readonly db: Db
  readonly #sql: Sql
  readonly #prepare: boolean
  readonly #max: number
  readonly #patience: number
  readonly #addedListeners = new Set<() => void>()
  readonly #running = new Set<Promise<unknown>>()
  #ending: Promise<void> | undefined

  constructor(url: string, options: PostgresDriverOptions = {}) {
    const {
      max = 10,
      connectTimeout = 10_000,
      applicationName = 'posthorn',
      prepare = true,
      patience = 5_000,
      tls,
    } = options
    this.#prepare = prepare
    this.#max = max
    this.#patience = patience
    this.#sql = postgres(url, {
      max,
      prepare,
      ...(tls === undefined ? {} : { ssl: { ...checkedAddress(url), ...tls } }),
      connect_timeout: connectTimeout / 1_000,
      // Asking for the array types leaves a rejection that nobody handles when the connection dies meanwhile.
      fetch_types: false,
      ...PIPELINE,
      onnotice: () => undefined,
      connection: { application_name: applicationName },
    })
    leaveDatesAlone(this.#sql)
    this.db = drizzleOn(
      (text, parameters, arrays) => this.query(text, parameters, arrays) as Promise<unknown[]>,
      { savepoint: () => Promise.reject(noTransaction()) },
    )
  }

  /**
   * Runs one statement outside any transaction. `deadline` in ms, its wait for a connection included.
   *
   * @throws {PosthornError} `ConnectionLost`, `AcquireTimeout`
   */
  async query<T = Readonly<Record<string, unknown>>>(
    text: string,
    parameters: readonly Parameter[] = [],
    arrays = false,
    deadline = STATEMENT_DEADLINE,
  ): Promise<readonly T[]> {
    this.#assertNotEnding()
    const query = this.#sql.unsafe(text, [...parameters], { prepare: this.#prepare })
    const rows: Promise<unknown> = Promise.resolve(arrays ? query.values() : query)
    this.#note(rows)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        void cancelQuery(query)
        reject(acquireTimeout(deadline))
      }, deadline)
    })
    try {
      // The caller knows what its statement selects.
      return (await Promise.race([rows, late])) as readonly T[]
    } catch (error) {
      throw classifyError(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Begins a transaction. Its time limits are set by a statement that travels with its first one.
   *
   * @throws {PosthornError} `AcquireTimeout`, `ConnectionLost`; `SerializationConflict` when `lockKey` is not to be had
   */
  async begin(options: UnitOptions = {}): Promise<GuardedTransaction> {
    this.#assertNotEnding()
    const { isolation = 'read committed', readOnly = false, lockKey, signal } = options
    const begun = this.#begin({
      mode: `isolation level ${isolation}${readOnly ? ' read only' : ''}`,
      prepare: this.#prepare,
      acquireTimeout: options.acquireTimeout ?? 5_000,
      longestSilence: longestSilence(options, this.#patience),
      patience: this.#patience,
      signal,
    })
    // From now on, so that whoever waits for a connection is not forgotten at the end.
    this.#note(begun.then(({ ended }) => ended))
    const transaction = await begun
    const limits = transaction.run(timeLimits(options))
    limits.catch(() => undefined)
    if (lockKey === undefined) return transaction
    try {
      await transaction.run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [lockKey])
      return transaction
    } catch (error) {
      await transaction.rollback()
      throw error
    }
  }

  /**
   * postgres.js hands what a dying connection said last to the next one in its place, which then has not sent its BEGIN.
   * So each of the connections may fail once more than it has.
   */
  async #begin(options: GuardOptions): Promise<GuardedTransaction> {
    for (let tries = 0; ; tries++) {
      try {
        return await beginGuarded(this.#sql, options)
      } catch (error) {
        if (tries === this.#max || !isLastWord(error)) throw error
      }
    }
  }

  /** What became of a transaction whose commit got no answer. Asks until there is an answer, for 5 s at most. */
  async outcomeOf(xid: string): Promise<'committed' | 'aborted' | 'unknown'> {
    const end = performance.now() + 5_000
    while (performance.now() < end) {
      try {
        const [row] = await this.query<{ status: string | null }>(
          'select pg_xact_status($1::text::xid8) as status',
          [xid],
          false,
          end - performance.now(),
        )
        if (row?.status === 'committed' || row?.status === 'aborted') return row.status
        if (row?.status === null) return 'unknown'
      } catch {
        // The server may still be on its way back.
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return 'unknown'
  }

  /** Called after each commit through this driver that wrote outbox entries for the broker. */
  onOutboxAdded(listener: () => void): () => void {
    const own = () => listener()
    this.#addedListeners.add(own)
    return () => this.#addedListeners.delete(own)
  }

  announceOutboxAdded(): void {
    for (const listener of this.#addedListeners) listener()
  }

  /**
   * Refuses what is new, waits `patience` ms (default 5,000) for what is running, then closes all connections. Idempotent.
   */
  end(patience = 5_000): Promise<void> {
    this.#ending ??= this.#end(patience)
    return this.#ending
  }

  /** The client's own wait would be in vain for a connection that has died inside a transaction. */
  async #end(patience: number): Promise<void> {
    await within(patience, Promise.allSettled(this.#running))
    await this.#sql.end({ timeout: Math.min(patience, CLOSING) / 1_000 })
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

const STATEMENT_TIMEOUT = 10_000
const LOCK_TIMEOUT = 5_000

function timeLimits({
  statementTimeout = STATEMENT_TIMEOUT,
  lockTimeout = LOCK_TIMEOUT,
  idleTimeout = 30_000,
}: UnitOptions): string {
  return [
    `set local statement_timeout = ${Math.round(statementTimeout)}`,
    `set local lock_timeout = ${Math.round(lockTimeout)}`,
    `set local idle_in_transaction_session_timeout = ${Math.round(idleTimeout)}`,
  ].join('; ')
}

/** Beyond the server's own limits: it must have answered by then. To Postgres 0 means no limit. */
function longestSilence(options: UnitOptions, patience: number): number {
  const { statementTimeout = STATEMENT_TIMEOUT, lockTimeout = LOCK_TIMEOUT } = options
  if (Math.round(statementTimeout) === 0) return LONGEST_TIMER
  return Math.min(statementTimeout + lockTimeout + patience, LONGEST_TIMER)
}

/** Drizzle maps times and JSON itself, by column; the client must hand them over as Postgres wrote them. */
function leaveDatesAlone({ options }: Sql): void {
  for (const oid of [1082, 1083, 1114, 1115, 1182, 1184, 1185, 1231]) {
    options.parsers[oid] = (text: string) => text
    options.serializers[oid] = (text: string) => text
  }
  for (const oid of [114, 3802]) options.serializers[oid] = (text: string) => text
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
