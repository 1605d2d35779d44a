import { splitType } from '../messages/names.ts'

/**
 * What things are called on the broker. Exchanges carry `x.`, queues `q.`; in another domain's vhost the subscriber's
 * name comes first. No domain or client can be called `x` or `q`, so nobody's prefix covers somebody else's objects.
 */

export const EVENTS_EXCHANGE = 'x.events'
/** From here retry copies go to the owner's retry tiers and dead letters to its dead queue. */
export const OWNER_RETRY_EXCHANGE = 'x.dlx'
/** Holds the commands that were sent and not handled yet, in their domain's vhost. */
export const COMMAND_QUEUE = 'q.commands'
export const CALL_QUEUE = 'q.calls'
/** AMQP's default exchange, by which replies leave. */
export const REPLY_EXCHANGE = ''

/** What waits between two tries, by the name of its retry queue; `ttl` in ms. */
export const RETRY_TIERS = [
  { name: '1s', ttl: 1_000 },
  { name: '10s', ttl: 10_000 },
  { name: '60s', ttl: 60_000 },
  { name: '600s', ttl: 600_000 },
] as const

export type RetryTier = (typeof RETRY_TIERS)[number]['name']

/** The vhost of a domain, in a namespace if systems share the broker. */
export function vhostName(domain: string, namespace?: string): string {
  return namespace === undefined ? domain : `${namespace}.${domain}`
}

/** The exchange to which a caller, and nobody else, publishes its commands. */
export function commandExchange(caller: string): string {
  return `x.cmd.${caller}`
}

/** From here a subscriber's retry copies and dead letters go to its own queues, in the publisher's vhost. */
export function subscriberRetryExchange(subscriber: string): string {
  return `${subscriber}.x.dlx`
}

/** The queue that holds what a subscriber has not handled yet, in the publisher's vhost. */
export function eventQueue(subscriber: string): string {
  return `${subscriber}.q.events`
}

export function retryQueue(queue: string, tier: RetryTier): string {
  return `${queue}.retry.${tier}`
}

/** Where the messages of a queue that were given up stay. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** The routing key of an event, by its wire name. */
export function eventKey(type: string): string {
  return `evt.${splitType(type).name}`
}

/** The routing key of a command that nobody waits for. */
export function sendKey(type: string): string {
  return `cmd.${splitType(type).name}`
}

/** The routing key of a command whose caller waits. */
export function callKey(type: string): string {
  return `call.${splitType(type).name}`
}
