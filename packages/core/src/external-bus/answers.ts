import { PosthornError } from '../errors.ts'
import { isRefusal } from '../handlers-failed.ts'
import { DeclaredError } from '../messages/declared-error.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { uuidV7 } from '../messages/uuid-v7.ts'
import type { Frame } from './broker.ts'
import { REPLY_EXCHANGE } from './names.ts'
import { encodeBody, formatWireType, HEADERS, JSON_CONTENT, MAX_BODY, type WireType } from './wire-format.ts'

/** Where an answer goes, and what it must say so that the caller knows it again. */
export interface ReplyAddress {
  readonly replyTo: string
  readonly messageId: string
  /** As the caller gave it, if it did. */
  readonly correlationId: string | undefined
  readonly wire: WireType
}

/** What a failed call is told: an error of the contract with its data, or a name and where to look in the log. */
export type ErrorBody =
  | { readonly domain: string; readonly name: string; readonly data: unknown }
  | {
      readonly domain: string
      readonly name: string
      readonly errorId: string
      readonly outcome: 'refused' | 'failed' | 'unknown'
    }

/** @throws {PosthornError} `MessageTooLarge` */
export function replyFrame(to: ReplyAddress, result: unknown, instance: string): Frame {
  return answerFrame('reply', to, encodeBody(result), instance)
}

export function errorFrame(to: ReplyAddress, error: ErrorBody, instance: string): Frame {
  return answerFrame('error', to, encodeBody(error), instance)
}

/** The answer for an error of the contract, with its data; undefined for any other, and for one that cannot be sent. */
export function declaredErrorFrame(
  to: ReplyAddress,
  definition: CommandDefinition,
  error: unknown,
  instance: string,
): Frame | undefined {
  if (!isDeclared(definition, error)) return undefined
  try {
    return errorFrame(to, { domain: error.domain, name: error.name, data: error.data }, instance)
  } catch {
    return undefined
  }
}

/**
 * What a caller is told about any other error: its code if it is one of Posthorn, and whether it may have had an effect
 * after all, as when a commit's outcome is unknown.
 */
export function undeclaredBody(domain: string, error: unknown, errorId: string): ErrorBody {
  const unknown = error instanceof PosthornError && error.outcome === 'unknown'
  const outcome = isRefusal(error) ? 'refused' : unknown ? 'unknown' : 'failed'
  return { domain, name: publicName(error), errorId, outcome }
}

/** The command was read, and will not be run. */
export function refusedBody(domain: string, name: RefusalName, errorId: string): ErrorBody {
  return { domain, name, errorId, outcome: 'refused' }
}

/** The handler did its work, but what it gave is not what the contract promises, or too large. */
export function replyFailedBody(domain: string, errorId: string): ErrorBody {
  return { domain, name: 'ReplyFailed', errorId, outcome: 'unknown' }
}

export type RefusalName = (typeof REFUSALS)[number]

/** Names with which only the bus refuses: a handler that trips over one of them has failed. */
const REFUSALS = ['Forbidden', 'ValidationFailed', 'UnknownMessage', 'UnknownVersion'] as const

/** What the name of an error looks like on the wire. */
export const ERROR_NAME = /^[A-Z]\w{1,63}$/

export function isDeclared(definition: CommandDefinition, error: unknown): error is DeclaredError {
  return (
    error instanceof DeclaredError &&
    error.domain === definition.domain &&
    Object.hasOwn(definition.errors, error.name)
  )
}

function publicName(error: unknown): string {
  if (!(error instanceof PosthornError) || error instanceof DeclaredError) return 'InternalError'
  const reserved = (REFUSALS as readonly string[]).includes(error.code)
  return reserved || !ERROR_NAME.test(error.code) ? 'InternalError' : error.code
}

function answerFrame(kind: 'reply' | 'error', to: ReplyAddress, body: Uint8Array, instance: string): Frame {
  if (body.length > MAX_BODY) {
    throw new PosthornError(
      'MessageTooLarge',
      `The answer to ${to.wire.domain}.${to.wire.name} has ${body.length} bytes; at most ${MAX_BODY} may be sent`,
    )
  }
  const now = new Date()
  return {
    exchange: REPLY_EXCHANGE,
    routingKey: to.replyTo,
    body,
    properties: {
      type: formatWireType({ ...to.wire, kind }),
      messageId: uuidV7(),
      timestamp: Math.floor(now.getTime() / 1000),
      appId: instance,
      contentType: JSON_CONTENT,
      persistent: false,
      headers: { [HEADERS.time]: now.toISOString(), [HEADERS.causationId]: to.messageId },
      ...(to.correlationId === undefined ? undefined : { correlationId: to.correlationId }),
    },
  }
}
