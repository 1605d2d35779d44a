import { connect, type Socket } from 'node:net'
import postgres, { type Options, type Row, type Sql } from 'postgres'
import { closedConnection, silentConnection, staleStatement } from './classify-error.ts'
import type { Parameter } from './parameters.ts'

/*
 * postgres.js 3.4 connects again by itself, and is not safe when it does: the new connection inherits what was under
 * way on the old one. A statement that is given to it between the socket's death and the news of it is neither sent nor
 * rejected, but "answered" by the next handshake, whereupon two transactions share one connection; the bytes that were
 * waiting to be written then stand in front of that handshake, which is never sent; and a server that closes politely
 * during the handshake is called again without a pause, for ever. Hence a client for each connection, which may connect
 * once: what was under way on it is lost with it, and nothing of it ever reaches another.
 */

/** What a client is made with; `socket` is an option that its types leave out. */
type ClientOptions = Pick<Options<Record<string, never>>, 'prepare' | 'ssl' | 'connection'> & {
  /** For each host, in ms. */
  readonly connectTimeout: number
}

/** Beyond so many statements under way each costs a round trip. An option that the client's types leave out. */
const PIPELINE = { max_pipeline: 1_000 }

/** The time of the server's last recovery: see `commit-outcome.ts`. */
const ERA = 'select extract(epoch from stats_reset)::text as era from pg_stat_bgwriter'

/** How long a connection that closes may take to say so to the server, in s. */
const CLOSING = 0.2

/**
 * A prepared statement that the schema has outlived postgres.js 3.4 sends again by itself: behind all that was sent after it,
 * COMMIT too, and with parameters that it has already changed. It notes so on the query, and does not send one that is
 * cancelled; the next time it prepares the statement anew.
 */
const NEVER_AGAIN: PropertyDescriptor & ThisType<{ cancelled: unknown; reject: (error: unknown) => void }> = {
  get: () => undefined,
  set(error: unknown) {
    this.cancelled = {}
    this.reject(staleStatement(error))
  },
}

/** What Postgres answers to a statement. */
type Answer = readonly Row[] & { readonly command?: string }

/** A statement, as it is sent. With `arrays` its rows come as arrays of values. */
export interface Statement {
  readonly text: string
  readonly parameters?: readonly Parameter[]
  readonly arrays?: boolean
}

/** One connection to Postgres, from its making to its end. Statements go out in the order in which they are given. */
export class Connection {
  readonly #sql: Sql
  readonly #options: { readonly prepare: boolean }
  readonly #lossListeners = new Set<(loss: unknown) => void>()
  #socket: Socket | undefined
  #socketError: Error | undefined
  #established = false
  #loss: unknown
  #era = ''

  private constructor(
    url: string,
    { prepare = true, connectTimeout, ...options }: ClientOptions,
    host: number,
  ) {
    this.#options = { prepare }
    this.#sql = postgres(url, {
      ...options,
      ...PIPELINE,
      ...{ socket: (address: Address) => this.#connect(address, host) },
      prepare,
      // For the connections on which statements are cancelled.
      connect_timeout: connectTimeout / 1_000,
      max: 1,
      // The pool's affair: the client would end a connection in the middle of a transaction.
      max_lifetime: null,
      // Asking for the array types leaves a rejection that nobody handles when the connection dies meanwhile.
      fetch_types: false,
      onnotice: () => undefined,
      onclose: () => this.destroy(),
    })
    neverFailToWrite(this.#sql)
  }

  /**
   * Connects, and is ready to be used when this resolves. Where the URL names several hosts, the first that will do.
   *
   * @throws why there is no connection; the signal's reason
   */
  static async open(url: string, options: ClientOptions, signal: AbortSignal): Promise<Connection> {
    const { connectTimeout } = options
    for (let host = 0; ; host++) {
      signal.throwIfAborted()
      const connection = new Connection(url, options, host)
      const onAbort = () => connection.destroy(signal.reason)
      // The client's own covers the handshake alone.
      const timer = setTimeout(() => connection.destroy(silentConnection(connectTimeout)), connectTimeout)
      signal.addEventListener('abort', onAbort)
      try {
        const [row] = await connection.ask({ text: ERA })
        connection.#era = String(row?.era)
        connection.#established = true
        return connection
      } catch (error) {
        connection.destroy(error)
        if (host + 1 >= connection.#sql.options.host.length) throw error
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
    }
  }

  /** The same for two connections only when the server has lost no transaction between their beginnings. */
  get era(): string {
    return this.#era
  }

  get usable(): boolean {
    return this.#loss === undefined && this.#socket?.destroyed === false
  }

  /** Calls the listener once the connection is lost; at once if it is. Gives what takes the listener back. */
  onLost(listener: (loss: unknown) => void): () => void {
    if (this.#loss !== undefined) listener(this.#loss)
    else this.#lossListeners.add(listener)
    return () => this.#lossListeners.delete(listener)
  }

  /**
   * Sends a statement. Its answer is given to one of two, once; the loss of the connection, if that comes first, is an
   * error at once. Gives the query of postgres.js, for cancelling it.
   */
  send(
    { text, parameters = [], arrays = false }: Statement,
    onAnswer: (rows: Answer) => void,
    onError: (error: unknown) => void,
  ): PromiseLike<unknown> {
    const query = Object.defineProperty(
      this.#sql.unsafe(text, [...parameters], this.#options),
      'retried',
      NEVER_AGAIN,
    )
    if (this.#loss === undefined) this.#lossListeners.add(onError)
    else onError(this.#loss)
    // Rows as arrays are rows to nobody but drizzle.
    const answered = (arrays ? query.values() : query) as PromiseLike<Answer>
    answered.then(
      (rows) => {
        if (this.#lossListeners.delete(onError)) onAnswer(rows)
      },
      (error: unknown) => {
        if (this.#lossListeners.delete(onError)) onError(error)
      },
    )
    return query
  }

  /** The same for who can wait for the answer. */
  ask(statement: Statement): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.send(statement, resolve, reject)
    })
  }

  /** Ends it at once, whatever is under way. Idempotent. */
  destroy(reason: unknown = closedConnection()): void {
    if (this.#loss !== undefined) return
    this.#loss = reason
    this.#socket?.destroy()
    for (const listener of this.#lossListeners) listener(reason)
    this.#lossListeners.clear()
  }

  /** Takes leave of the server. Nothing may be under way. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: CLOSING })
    this.destroy()
  }

  /** The client asks for a socket when it connects, when it would connect again, and to cancel a statement. */
  #connect({ path, host: hosts, port: ports }: Address, which: number): Socket {
    if (this.#loss !== undefined || (this.#socket !== undefined && !this.#established)) {
      this.destroy(this.#socketError)
      throw this.#loss
    }
    const host = hosts[which] ?? 'localhost'
    const port = ports[which] ?? 5432
    const socket = path === false ? connect(port, host) : connect(path)
    socket.setNoDelay(true)
    // Until the client listens by itself, which it does a moment later.
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#socketError ??= error
    })
    this.#socket ??= socket
    // Where the client looks for the name that TLS asks for.
    return Object.assign(socket, { host })
  }
}

/** What the client passes on of its options. */
interface Address {
  readonly host: readonly string[]
  readonly port: readonly number[]
  readonly path: string | false
}

/**
 * Drizzle maps times and JSON itself, by column; the client must hand them over as Postgres wrote them. What it writes must
 * be text: see `checkParameters`.
 */
function neverFailToWrite({ options }: Sql): void {
  for (const oid of [1082, 1083, 1114, 1115, 1182, 1184, 1185, 1231]) {
    options.parsers[oid] = (text: string) => text
    options.serializers[oid] = String
  }
  for (const oid of [114, 3802]) options.serializers[oid] = String
  options.serializers[17] = (bytes: unknown) =>
    `\\x${Buffer.from(bytes instanceof Uint8Array ? bytes : String(bytes)).toString('hex')}`
}
