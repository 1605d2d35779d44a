import { CALL_QUEUE, deadQueue, RETRY_TIERS, retryQueue } from './names.ts'
import type { BindingPlan, QueuePlan } from './topology.ts'

/** Bounds of what a system keeps on its broker. */
export interface PlanLimits {
  /** How often a message may be rejected or lost with its consumer before the broker dead-letters it. Default 10. */
  readonly deliveries: number
  /** Bytes in a work queue or retry tier; more is refused. Default 1 GiB. */
  readonly queueBytes: number
  /** Bytes in a dead queue. When full its work queue refuses too: alarm long before. Default 1 GiB. */
  readonly deadBytes: number
  /** Calls waiting in one domain; more are refused. Default 10,000. */
  readonly calls: number
  /** The longest timeout of a call, in ms: what waits longer expires. Default 300,000. */
  readonly callTimeout: number
}

export const DEFAULT_LIMITS: PlanLimits = {
  deliveries: 10,
  queueBytes: 2 ** 30,
  deadBytes: 2 ** 30,
  calls: 10_000,
  callTimeout: 300_000,
}

interface QueuesPlan {
  readonly queues: readonly QueuePlan[]
  readonly bindings: readonly BindingPlan[]
}

/**
 * A work queue with its retry tiers and its dead queue, all reached through `exchange`. What exceeds the delivery limit
 * goes straight to the dead queue: through a tier it would start counting again, and a message that kills its consumer
 * would circulate for ever.
 */
export function planWorkQueue(
  name: string,
  exchange: string,
  limits: PlanLimits,
  options: { readonly ordered?: boolean } = {},
): QueuesPlan {
  const tiers = RETRY_TIERS.map((tier) => ({
    name: retryQueue(name, tier.name),
    arguments: {
      ...quorum(limits.queueBytes),
      'x-message-ttl': tier.ttl,
      ...deadLetter(exchange, name),
    },
  }))
  const work = {
    name,
    arguments: {
      ...quorum(limits.queueBytes),
      'x-delivery-limit': limits.deliveries,
      ...deadLetter(exchange, deadQueue(name)),
      ...(options.ordered === true ? { 'x-single-active-consumer': true } : {}),
    },
  }
  const queues = [work, ...tiers, planDeadQueue(name, limits)]
  return {
    queues,
    bindings: queues.map((queue) => ({ exchange, queue: queue.name, routingKey: queue.name })),
  }
}

/** Whoever looks at dead letters gives them back, which counts: from RabbitMQ 4 on, 20 looks would delete them. */
function planDeadQueue(queue: string, limits: PlanLimits): QueuePlan {
  return {
    name: deadQueue(queue),
    arguments: { ...quorum(limits.deadBytes), 'x-delivery-limit': 1_000_000 },
  }
}

/** Calls are short-lived and somebody waits: a fast queue that drops what has expired and bounds what waits. */
export function planCallQueue(limits: PlanLimits): QueuePlan {
  return {
    name: CALL_QUEUE,
    arguments: {
      'x-queue-type': 'classic',
      'x-message-ttl': limits.callTimeout,
      'x-max-length': limits.calls,
      'x-overflow': 'reject-publish',
    },
  }
}

function quorum(bytes: number) {
  return { 'x-queue-type': 'quorum', 'x-max-length-bytes': bytes, 'x-overflow': 'reject-publish' } as const
}

function deadLetter(exchange: string, routingKey: string) {
  return {
    'x-dead-letter-exchange': exchange,
    'x-dead-letter-routing-key': routingKey,
    'x-dead-letter-strategy': 'at-least-once',
  } as const
}
