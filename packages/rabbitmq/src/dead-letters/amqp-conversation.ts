import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from '../amqp-url.ts'
import { withDeadline } from '../deadline.ts'
import { rabbitMqError } from '../errors.ts'
import { lossFrom } from '../loss.ts'
import type { TlsOptions } from '../session.ts'
import {
  type AmqpFrame,
  encodeFrame,
  encodeMethod,
  FrameSplitter,
  HEARTBEAT,
  long,
  longBytes,
  METHOD,
  METHODS,
  openMethod,
  short,
  shortText,
} from './amqp-frames.ts'
import type { ByteReader } from './byte-reader.ts'

/** In ms, for each answer. */
const DEADLINE = 10_000
/** In seconds, agreed with the broker, so that it notices when we are gone without a word. */
const HEARTBEATS = 30
const CAPABILITIES = Buffer.concat([
  shortText('authentication_failure_close'),
  Buffer.from('t'),
  Buffer.of(1),
])

/**
 * One connection to the broker with one channel, asked one thing at a time. Beside amqplib, because amqplib decodes every
 * message whole, and dies of those that are dead letters for that very reason.
 */
export class AmqpConversation {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter()
  readonly #arrived: AmqpFrame[] = []
  #wake: (() => void) | null = null
  #failure: Error | null = null
  #open = false
  readonly #heartbeat: NodeJS.Timeout

  /** @throws {PosthornError} `AccessRefused`, `BrokerUnreachable` (retryable) */
  static async open(
    endpoint: Endpoint,
    vhost: string,
    tls: TlsOptions | undefined,
  ): Promise<AmqpConversation> {
    const { hostname: host, port } = endpoint
    const socket =
      endpoint.protocol === 'amqps' ? connectTls({ ...tls, host, port }) : connectTcp({ host, port })
    const conversation = new AmqpConversation(socket)
    try {
      await conversation.#shakeHands(endpoint, vhost)
    } catch (error) {
      conversation.#end()
      throw error
    }
    return conversation
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', (error) => this.#lost(error))
    socket.on('close', () => this.#lost(new Error('Socket closed abruptly')))
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    const beat = encodeFrame(HEARTBEAT, 0, Buffer.alloc(0))
    this.#heartbeat = setInterval(() => socket.write(beat), (HEARTBEATS * 1000) / 3).unref()
  }

  /** Sends a method that has no answer. */
  tell(method: number, ...fields: readonly Buffer[]): void {
    this.#socket.write(encodeMethod(1, method, ...fields))
  }

  /** Sends a method, and gives the next one that the broker sends, which must be one of `expected`. */
  async ask(method: number, expected: readonly number[], ...fields: readonly Buffer[]) {
    this.tell(method, ...fields)
    return this.#answer(expected)
  }

  /**
   * The payload of the next frame, which must be of this kind.
   *
   * @throws {PosthornError} `ConnectionLost` (unknown); `PermissionNotProvisioned` or `TopologyMismatch` when the broker
   * closes the channel
   */
  async frame(expected: number): Promise<Buffer> {
    for (;;) {
      const frame = this.#arrived.shift()
      if (frame !== undefined) {
        if (frame.kind === METHOD) throwIfClosing(frame.payload)
        if (frame.kind !== expected) this.#confused()
        return frame.payload
      }
      if (this.#failure !== null) throw this.#lossError(this.#failure)
      const arrival = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const late = () => new Error('the broker did not answer in time')
      await withDeadline(arrival, DEADLINE, late).catch((error) => this.#lost(error as Error))
    }
  }

  /**
   * Ends it once the broker has done all that it was told before. @throws {PosthornError} `ConnectionLost` (unknown)
   */
  async close(): Promise<void> {
    try {
      if (this.#failure !== null) throw this.#lossError(this.#failure)
      await this.ask(METHODS.channelClose, [METHODS.channelCloseOk], short(200), shortText(''), long(0))
    } finally {
      this.#end()
    }
  }

  async #shakeHands({ username, password }: Endpoint, vhost: string): Promise<void> {
    this.#socket.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]))
    await this.#answer([METHODS.start])
    this.#sendPlain(
      METHODS.startOk,
      // Without them a wrong password is answered with silence.
      longBytes(Buffer.concat([shortText('capabilities'), Buffer.from('F'), longBytes(CAPABILITIES)])),
      shortText('PLAIN'),
      longBytes(Buffer.from(`\0${username}\0${password ?? ''}`)),
      shortText('en_US'),
    )
    const tune = await this.#answer([METHODS.tune])
    const [channels, frameMax] = [tune.fields.short(), tune.fields.long()]
    this.#sendPlain(METHODS.tuneOk, short(channels), long(frameMax), short(HEARTBEATS))
    this.#sendPlain(METHODS.open, shortText(vhost), shortText(''), Buffer.of(0))
    await this.#answer([METHODS.openOk])
    await this.ask(METHODS.channelOpen, [METHODS.channelOpenOk], shortText(''))
    this.#open = true
  }

  #sendPlain(method: number, ...fields: readonly Buffer[]): void {
    this.#socket.write(encodeMethod(0, method, ...fields))
  }

  async #answer(
    expected: readonly number[],
  ): Promise<{ readonly method: number; readonly fields: ByteReader }> {
    const answer = openMethod(await this.frame(METHOD))
    if (!expected.includes(answer.method)) this.#confused()
    return answer
  }

  #confused(): never {
    const failure = new Error('the broker answered with something else')
    this.#lost(failure)
    throw this.#lossError(failure)
  }

  #receive(chunk: Buffer): void {
    try {
      this.#arrived.push(...this.#splitter.push(chunk).filter(({ kind }) => kind !== HEARTBEAT))
    } catch (error) {
      this.#lost(error as Error)
    }
    this.#wake?.()
  }

  #lost(error: Error): void {
    this.#failure ??= error
    this.#end()
    this.#wake?.()
  }

  #end(): void {
    clearInterval(this.#heartbeat)
    this.#socket.destroy()
  }

  #lossError(error: Error) {
    const { reason } = lossFrom(error, false)
    return this.#open
      ? rabbitMqError('ConnectionLost', `The connection that held the dead letters broke: ${reason}`, {
          outcome: 'unknown',
          retryable: true,
          cause: error,
        })
      : rabbitMqError('BrokerUnreachable', `No connection to the broker: ${reason}`, {
          outcome: 'not-executed',
          retryable: true,
          cause: error,
        })
  }
}

/** The broker closes the connection when it does not let the user in, and the channel when a queue is not there. */
function throwIfClosing(payload: Buffer): void {
  const { method, fields } = openMethod(payload)
  if (method !== METHODS.close && method !== METHODS.channelClose) return
  const code = fields.short()
  const text = fields.shortText().slice(0, 200)
  const details = { details: { replyCode: code } }
  if (method === METHODS.close) {
    throw code === 403 || code === 530
      ? rabbitMqError('AccessRefused', `The broker refuses the connection: ${text}`, details)
      : rabbitMqError('ConnectionLost', `The broker closed the connection: ${text}`, {
          ...details,
          outcome: 'unknown',
          retryable: true,
        })
  }
  throw code === 403
    ? rabbitMqError('PermissionNotProvisioned', `Not for this user: ${text}`, details)
    : code === 404
      ? rabbitMqError('TopologyMismatch', `Not there: ${text}`, details)
      : rabbitMqError('ConnectionLost', `The broker closed the channel: ${text}`, {
          ...details,
          outcome: 'unknown',
          retryable: true,
        })
}
