import { PosthornError } from '../errors.ts'
import type { Message } from '../messages/message.ts'
import type { OutboxRecord } from './outbox.ts'

/** The name in the outbox of a command's only handler, when its own domain sent it. */
export const COMMAND_HANDLER = 'command'

/** For the broker, in the order of the message's key. */
export function brokerRecord(message: Message, depth: number): OutboxRecord {
  return { message, handler: null, key: message.key, depth }
}

/** For a handler in this process. */
export function localRecord(message: Message, handler: string, depth: number): OutboxRecord {
  return { message, handler, key: null, depth }
}

/** A domain raised an event that is not its own. */
export function foreignMessage(message: Message, domain: string): PosthornError<'ForeignMessage'> {
  return new PosthornError(
    'ForeignMessage',
    `${message.type} is another domain's event; ${domain} raises only its own`,
    { outcome: 'failed', details: { type: message.type } },
  )
}
