import type { Message } from '../messages/message.ts'
import type { StoredMessage } from './outbox.ts'

/** A message as an outbox stores it: the JSON of its payload is made once, and goes over the wire as it is. */
export function storedMessage(message: Message): StoredMessage {
  const { id, type, kind, version, time, payload, correlationId, causationId, traceparent } = message
  const body = JSON.stringify(payload)
  return { id, type, kind, version, time, correlationId, causationId, traceparent, body }
}
