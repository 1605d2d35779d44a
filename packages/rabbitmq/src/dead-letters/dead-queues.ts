import type { System } from '@posthorn/core'
import {
  COMMAND_QUEUE,
  eventQueue,
  OWNER_RETRY_EXCHANGE,
  subscriberRetryExchange,
} from '@posthorn/core/transport'
import { rabbitMqError } from '../errors.ts'

/** A work queue of a domain's vhost that has a dead queue. */
export interface DeadQueue {
  readonly name: string
  /** Who reads the work queue, and alone is believed when it names an original sender. */
  readonly reader: string
  /** By which the reader reaches the work queue. */
  readonly exchange: string
}

/** @throws {PosthornError} `InvalidConfiguration` when the system has no such domain */
export function deadQueuesOf(system: System, domain: string): readonly DeadQueue[] {
  if (!system.domains.has(domain)) {
    throw rabbitMqError('InvalidConfiguration', `${domain} is not a domain of the system`)
  }
  const subscribers = [...system.subscriptions]
    .filter(([, events]) => events.some((event) => event.domain === domain))
    .map(([subscriber]) => subscriber)
  return [
    { name: COMMAND_QUEUE, reader: domain, exchange: OWNER_RETRY_EXCHANGE },
    ...subscribers.map((reader) => ({
      name: eventQueue(reader),
      reader,
      exchange: subscriberRetryExchange(reader),
    })),
  ]
}
