import type { Message } from '../messages/message.ts'
import type { StoredMessage } from './outbox.ts'

/** A message as an outbox stores it: the JSON of its payload is made once, and goes over the wire as it is. */
export function storedMessage({ payload, key: _key, ...envelope }: Message): StoredMessage {
  return { ...envelope, body: JSON.stringify(payload) }
}
