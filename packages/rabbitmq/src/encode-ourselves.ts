import type { ChannelModel } from 'amqplib'
import { connectionInternals } from './amqplib-internals.ts'
import { encodePublish } from './encode-publish.ts'

/** Has a connection's messages encoded by us, as far as we do that, and by amqplib otherwise. */
export function encodeOurselves(model: ChannelModel): void {
  const connection = connectionInternals(model)
  const send = connection.sendMessage.bind(connection)
  connection.sendMessage = (channel, publish, fields, basic, properties, body) => {
    const queue = connection.channels[channel]?.buffer
    const encoded = encodePublish(channel, fields, properties, body, connection.frameMax)
    if (encoded === null || queue === undefined) {
      return send(channel, publish, fields, basic, properties, body)
    }
    connection.sentSinceLastCheck = true
    return queue.write(encoded)
  }
}
