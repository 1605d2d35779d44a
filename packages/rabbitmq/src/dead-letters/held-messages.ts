import type { Message } from 'amqplib'
import type { AmqpConversation } from './amqp-conversation.ts'
import { BODY, CONTENT_HEADER, long, longLong, METHODS, short, shortText } from './amqp-frames.ts'
import { ByteReader } from './byte-reader.ts'
import { decodeProperties } from './decode-properties.ts'

/** A message that the broker keeps for us: nobody else gets it until it is given back. */
export interface HeldMessage {
  readonly message: Pick<Message, 'content'> & {
    readonly properties: Readonly<Record<string, unknown>>
    readonly fields: { readonly exchange: string; readonly routingKey: string }
  }
  /** Has it leave the queue for good. */
  remove(): void
}

/**
 * Takes in hand what a queue held when this began, one message after the other, and gives back in its old order what
 * was not removed: at the end, or when the process dies. What comes in meanwhile is left alone.
 */
export async function* heldMessages(
  conversation: AmqpConversation,
  queue: string,
): AsyncGenerator<HeldMessage, void> {
  let left = 1
  let held = false
  try {
    for (; left > 0; left -= 1) {
      const { method, fields } = await conversation.ask(
        METHODS.get,
        [METHODS.getOk, METHODS.getEmpty],
        short(0),
        shortText(queue),
        Buffer.of(0),
      )
      if (method === METHODS.getEmpty) break
      const tag = fields.longLong()
      fields.byte()
      const [exchange, routingKey, behind] = [fields.shortText(), fields.shortText(), fields.long()]
      if (!held) left += behind
      held = true
      const { properties, content } = await readContent(conversation)
      yield {
        message: { fields: { exchange, routingKey }, properties, content },
        remove: () => conversation.tell(METHODS.ack, longLong(tag), Buffer.of(0)),
      }
    }
  } finally {
    // Not left to the end of the channel: whoever looks next must find them. From 4.3 on it counts no delivery.
    if (held) conversation.tell(METHODS.nack, longLong(0n), Buffer.of(0b11))
    await conversation.close()
  }
}

/** How many messages are ready in a queue. */
export async function depthOf(conversation: AmqpConversation, queue: string): Promise<number> {
  const passive = Buffer.of(1)
  const { fields } = await conversation.ask(
    METHODS.declare,
    [METHODS.declareOk],
    short(0),
    shortText(queue),
    passive,
    long(0),
  )
  fields.shortText()
  return fields.long()
}

async function readContent(conversation: AmqpConversation) {
  const header = await conversation.frame(CONTENT_HEADER)
  const reader = new ByteReader(header)
  reader.take(4)
  const size = Number(reader.longLong())
  const parts: Buffer[] = []
  for (let missing = size; missing > 0; ) {
    const part = await conversation.frame(BODY)
    parts.push(part)
    missing -= part.length
  }
  return { properties: decodeProperties(header.subarray(12)), content: Buffer.concat(parts) }
}
