import type { Frame, FrameProperties } from '../../external-bus/broker.ts'
import type { Message } from '../../messages/message.ts'
import { shop } from './shop-system.ts'

/** What a client in another language would put on the wire: a command of `web` for `shop`. */
export function rawCommand(
  message: Message,
  change: { readonly body?: string | Uint8Array; readonly properties?: FrameProperties } = {},
): Frame {
  const name = message.type.slice(message.type.indexOf('.') + 1)
  const body = change.body ?? JSON.stringify(message.payload)
  return {
    exchange: 'x.cmd.web',
    routingKey: `cmd.${name}`,
    body: Buffer.from(body),
    properties: {
      type: `command:${message.type}.v${message.version}`,
      messageId: message.id,
      correlationId: message.correlationId,
      userId: 'web',
      contentType: 'application/json',
      persistent: true,
      headers: { 'x-posthorn-time': message.time },
      ...change.properties,
    },
  }
}

/** An event as its subscriber `mail` republishes it to itself, for a retry. */
export function rawCopyForMail(
  event: Message,
  userId: string,
  headers: Readonly<Record<string, unknown>>,
): Frame {
  return {
    exchange: 'mail.x.dlx',
    routingKey: 'mail.q.events',
    body: Buffer.from(JSON.stringify(event.payload)),
    properties: {
      type: `event:${event.type}.v${event.version}`,
      messageId: event.id,
      userId,
      contentType: 'application/json',
      persistent: true,
      headers,
    },
  }
}

export function buy(sku = 'LAMP') {
  return shop.commands.Buy({ sku, qty: 1 })
}

export function bought(sku = 'LAMP', qty = 1) {
  return shop.events.Bought({ sku, qty })
}
