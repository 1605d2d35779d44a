import { redactUrl } from './redact-url.ts'

/** Why a connection or channel has ended, or was never made. */
export interface Loss {
  /**
   * `permanent`: a person has to mend it (permissions, passwords, topology). `untrusted`: so too, but it is the broker's
   * certificate. `absent`: nobody listens at the broker's port, which trying does not burden. `decoder`: amqplib choked on
   * something received, which will come again.
   */
  readonly kind: 'transient' | 'absent' | 'permanent' | 'untrusted' | 'decoder'
  /** A sentence without secrets, at most 300 characters. */
  readonly reason: string
  /** AMQP's reply code, when the broker gave one. */
  readonly code: number | null
}

const PERMANENT_CODES = new Set([402, 403, 404, 405, 406, 530])
const PERMANENT_TEXT = /^Handshake terminated by server: (4|530)|^Expected ConnectionOpenOk|^SASL mechanism/
/** The code is that of a mistake, but this handler alone was too slow, and its message is delivered again. */
const CONSUMER_TIMEOUT = /delivery acknowledgement on channel \d+ timed out/
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT))/
/** What amqplib says without a code although nothing was wrong with a message. */
const NETWORK_TEXT =
  /^(Unexpected close|Heartbeat timeout|Socket closed abruptly|connect ETIMEDOUT|Connection clos)/

/** @param established whether the handshake was over: only then can the decoder have choked on a message */
export function lossFrom(error: unknown, established: boolean): Loss {
  if (!(error instanceof Error)) return { kind: 'transient', reason: 'closed by the broker', code: null }
  const given = 'code' in error ? error.code : undefined
  const code = typeof given === 'number' ? given : null
  const reason = sentence(error)
  if (code !== null) {
    const mistaken = PERMANENT_CODES.has(code) && !CONSUMER_TIMEOUT.test(reason)
    return { kind: mistaken ? 'permanent' : 'transient', reason, code }
  }
  if (given === 'ECONNREFUSED') return { kind: 'absent', reason, code }
  if (typeof given === 'string')
    return { kind: TLS_CODE.test(given) ? 'untrusted' : 'transient', reason, code }
  if (PERMANENT_TEXT.test(error.message)) return { kind: 'permanent', reason, code }
  if (established && !NETWORK_TEXT.test(error.message)) return { kind: 'decoder', reason, code }
  return { kind: 'transient', reason, code }
}

function sentence(error: Error): string {
  // OpenSSL's messages are about its own sources; what was wrong stands beside them.
  if ('reason' in error && typeof error.reason === 'string') return `TLS failed: ${error.reason}`
  // An AggregateError (all addresses of a host refused) has an empty message.
  const text = error.message === '' && 'code' in error ? String(error.code) : error.message
  if (text.startsWith('Expected ConnectionOpenOk')) return 'the vhost is missing, refused, or full'
  return redactUrl(text)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 300)
}
