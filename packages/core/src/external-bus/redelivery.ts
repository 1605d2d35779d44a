import type { Abort } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { BrokerLink, Frame, FrameProperties, Incoming } from './broker.ts'
import { deadQueue, RETRY_TIERS, type RetryTier, retryQueue } from './names.ts'
import { retryInPlace } from './retry-in-place.ts'
import type { EffectiveSender } from './sender.ts'
import { HEADERS, MAX_BODY, textHeader } from './wire-format.ts'

/**
 * What becomes of a delivery that failed: a copy of it goes to a retry tier, from which it comes back after a while, or
 * to the dead queue; only when the broker has confirmed the copy is the original acknowledged.
 */
export interface RetryRoute {
  readonly link: BrokerLink
  readonly queue: string
  /** The exchange by which the queue's retry tiers and dead queue are reached. */
  readonly exchange: string
  /** How often a message is tried before it is dead. */
  readonly attempts: number
  readonly clock: Clock
  /** Aborted when nothing shall be tried again. */
  readonly stopping: Abort
}

export interface FailedDelivery {
  readonly incoming: Incoming
  /** Null when the sender could not be verified. */
  readonly sender: EffectiveSender | null
  /** Which handlers failed; null when it did not get so far. */
  readonly handler: string | null
}

/** What was done: `requeue` when no copy could be made. */
export type Redelivered = 'retry' | 'dead-letter' | 'requeue'

/** How long one try to make the copy may take, in ms. */
const COPY_DEADLINE = 5_000
/** A try that was not confirmed in time may have left a copy: after so many the message itself comes again instead. */
const UNCONFIRMED_COPIES = 2

/**
 * Tries the message again later; once it has had all its attempts, it is dead as `attempts-exhausted`.
 *
 * @throws why no copy could be made, with nothing settled, when the route is stopping
 */
export function retryLater(route: RetryRoute, failed: FailedDelivery): Promise<Redelivered> {
  const attempt = failed.sender?.attempt ?? 1
  if (attempt >= route.attempts) return bury(route, failed, 'attempts-exhausted')
  const headers = { [HEADERS.attempt]: attempt + 1 }
  return settle(
    route,
    failed,
    'retry',
    copyOf(route, failed, retryQueue(route.queue, tierAfter(attempt)), headers),
  )
}

/**
 * Gives the message up. It stays in the dead queue with the reason, to be looked at and replayed.
 *
 * @throws why no copy could be made, with nothing settled, when the route is stopping
 */
export function bury(route: RetryRoute, failed: FailedDelivery, reason: string): Promise<Redelivered> {
  const headers = { [HEADERS.attempt]: failed.sender?.attempt ?? 1, [HEADERS.reason]: reason }
  return settle(route, failed, 'dead-letter', copyOf(route, failed, deadQueue(route.queue), headers))
}

/**
 * A dead letter made new: for the queue's reader to publish, who is trusted with the original sender.
 *
 * @param caller its verified sender, see `deadLetterSender`; never taken from a header of somebody else's making
 */
export function replayFrame(
  dead: Frame,
  caller: string,
  route: Pick<RetryRoute, 'queue' | 'exchange'>,
): Frame {
  return {
    exchange: route.exchange,
    routingKey: route.queue,
    body: dead.body,
    properties: {
      ...keptProperties(dead),
      headers: { ...keptHeaders(dead), [HEADERS.originalUser]: caller },
    },
  }
}

/** Longer each time, the last tier for all further ones. */
function tierAfter(attempt: number): RetryTier {
  return (RETRY_TIERS[attempt - 1] ?? RETRY_TIERS[RETRY_TIERS.length - 1] ?? RETRY_TIERS[0]).name
}

async function settle(
  route: RetryRoute,
  { incoming }: FailedDelivery,
  done: Redelivered,
  copy: Frame,
): Promise<Redelivered> {
  if (copy.body.length > MAX_BODY) {
    // No transport would take the copy, so the broker moves the message itself: to the dead queue, with a header less.
    incoming.reject(false)
    return 'dead-letter'
  }
  let unconfirmed = 0
  const isFinal = (error: unknown) => {
    if (error instanceof PosthornError && error.code === 'PublishTimeout') unconfirmed += 1
    return !incoming.live || unconfirmed === UNCONFIRMED_COPIES
  }
  try {
    // Handed back at once it would come again at once, and soon be dead for no fault of its own.
    await retryInPlace(route.clock, route.stopping, isFinal, () => route.link.publish(copy, COPY_DEADLINE))
  } catch (error) {
    if (route.stopping.aborted) throw error
    incoming.reject(true)
    return 'requeue'
  }
  incoming.ack()
  return done
}

function copyOf(
  route: RetryRoute,
  { incoming, sender, handler }: FailedDelivery,
  queue: string,
  headers: Readonly<Record<string, string | number>>,
): Frame {
  return {
    exchange: route.exchange,
    routingKey: queue,
    body: incoming.frame.body,
    properties: {
      ...keptProperties(incoming.frame),
      headers: {
        ...keptHeaders(incoming.frame),
        ...(sender === null ? {} : { [HEADERS.originalUser]: sender.caller }),
        [HEADERS.failedAt]: sender?.failedAt ?? new Date().toISOString(),
        ...(handler === null ? {} : { [HEADERS.handler]: handler }),
        ...headers,
      },
    },
  }
}

/** Not `expiration`, with which the copy would leave its tier early, nor `replyTo`: nobody waits that long. */
function keptProperties({ properties }: Frame): FrameProperties {
  const { type, messageId, correlationId, timestamp, appId, contentType, contentEncoding } = properties
  return {
    ...(type === undefined ? {} : { type }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(appId === undefined ? {} : { appId }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    persistent: true,
  }
}

/** Our own headers and the trace; whatever else a stranger put there ends here. */
function keptHeaders(frame: Frame): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of [HEADERS.time, HEADERS.causationId, HEADERS.traceparent, 'tracestate']) {
    const value = textHeader(frame, name)
    if (value !== undefined && value.length <= 512) kept[name] = value
  }
  return kept
}
