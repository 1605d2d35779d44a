import { PosthornError } from '../errors.ts'
import { causedBy, type Message } from '../messages/message.ts'
import type { OutboxRecord } from '../outbox/outbox.ts'
import { brokerRecord, foreignMessage, localRecord } from '../outbox/outbox-record.ts'
import type { Transaction } from '../unit-of-work/unit-of-work.ts'
import type { HandlerRegistry } from './handler-registry.ts'
import type { HandlerContext } from './handlers.ts'

/** Where in a chain of messages a unit of work stands. */
export interface ChainLink {
  readonly message: Message
  /** How many messages led here; 0 for the first. */
  readonly depth: number
}

/**
 * Takes what a unit has raised and sent, before its commit: runs the shared handlers in the unit, and gives one outbox
 * record for each other local handler, and one for the broker if the message may leave.
 *
 * @throws {PosthornError} `ChainTooLong`, `ForeignMessage`, or what a shared handler threw
 */
export async function routeMessages<R extends object>(
  transaction: Transaction<R>,
  cause: ChainLink,
  registry: HandlerRegistry<R>,
  context: HandlerContext,
  maxDepth: number,
): Promise<readonly OutboxRecord[]> {
  const records: OutboxRecord[] = []
  const queue: ChainLink[] = []
  const take = (from: ChainLink) => {
    for (const message of transaction.takeMessages()) {
      if (from.depth >= maxDepth) throw tooLong(message, maxDepth)
      queue.push({ message: causedBy(message, from.message), depth: from.depth + 1 })
    }
  }
  take(cause)
  for (const link of queue) {
    const { message, depth } = link
    if (message.kind === 'event') {
      const definition = registry.events.get(message.type)
      if (definition === undefined) throw foreignMessage(message, registry.domain)
      for (const handler of registry.eventHandlers(message.type)) {
        if (handler.transaction === 'shared') {
          await handler.handle(message as never, transaction.unit, context)
          take(link)
        } else {
          records.push(localRecord(message, handler.name, depth))
        }
      }
      if (!definition.private) records.push(brokerRecord(message, depth))
    } else {
      const own = registry.commandHandler(message.type)
      records.push(own === undefined ? brokerRecord(message, depth) : localRecord(message, own.name, depth))
    }
  }
  return records
}

function tooLong(message: Message, maxDepth: number): PosthornError<'ChainTooLong'> {
  return new PosthornError(
    'ChainTooLong',
    `${message.type} is the end of a chain of more than ${maxDepth} messages; look for handlers that cause each other`,
    { outcome: 'failed', details: { type: message.type, correlationId: message.correlationId } },
  )
}
