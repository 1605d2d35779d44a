import type { PosthornError } from '@posthorn/core'
import type { Frame } from '@posthorn/core/transport'
import { type RabbitMqErrorCode, rabbitMqError } from './errors.ts'

/** One frame on its way to its confirm. */
export interface Publication {
  readonly frame: Frame
  /** On the monotonic clock, in ms. */
  readonly expiresAt: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** The broker's words, once it has returned the message. */
  returned: string | null
  /** Answered already; only its place in the window is still taken. */
  expired: boolean
}

/** Not published, and certainly not executed. */
export function neverLeft(frame: Frame, reason: string, retryable: boolean) {
  return failure('PublishFailed', frame, `was not published: ${reason}`, 'not-executed', retryable)
}

/** Not published, and no fault of the message: the broker could not be reached, or did not keep up. */
export function unreachable(frame: Frame, reason: string) {
  return failure('BrokerUnreachable', frame, `was not published in time: ${reason}`, 'not-executed', true)
}

export function unroutable(frame: Frame, reason: string) {
  return failure(
    'Unroutable',
    frame,
    `was returned by the broker (${reason}): nobody receives it`,
    'not-executed',
    false,
  )
}

export function refused(frame: Frame) {
  return failure(
    'PublishRefused',
    frame,
    'was refused by the broker: a queue is full or failing',
    'unknown',
    true,
  )
}

export function timedOut(frame: Frame) {
  return failure('PublishTimeout', frame, 'was not confirmed in time; it may have arrived', 'unknown', true)
}

export function connectionLost(frame: Frame, reason: string) {
  return failure(
    'ConnectionLost',
    frame,
    `was not confirmed (${reason}); it may have arrived`,
    'unknown',
    true,
  )
}

function failure<C extends RabbitMqErrorCode>(
  code: C,
  { exchange, routingKey, properties }: Frame,
  what: string,
  outcome: 'not-executed' | 'unknown',
  retryable: boolean,
): PosthornError<C> {
  // Of a copy it is what a stranger wrote.
  const type = properties.type?.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)
  const message = `${type ?? 'A message'} for exchange "${exchange}", key "${routingKey}", ${what}`
  return rabbitMqError(code, message, {
    outcome,
    retryable,
    details: { messageId: properties.messageId, exchange },
  })
}
