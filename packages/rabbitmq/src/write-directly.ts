import type { Channel, ChannelModel } from 'amqplib'
import { channelInternals, connectionInternals } from './amqplib-internals.ts'

/**
 * Has a channel's frames go to the socket at once, as those of the connection itself do. amqplib has each pass through a
 * stream and two turns of the event loop, so that no channel crowds out another where the socket is full: there, and only
 * there, they still do.
 */
export function writeDirectly(model: ChannelModel, channel: Channel): void {
  const { stream, channels } = connectionInternals(model)
  const buffer = channels[channelInternals(channel).ch]?.buffer
  if (buffer === undefined) return
  const queue = buffer.write.bind(buffer)
  buffer.write = (frame) => {
    const isFree = buffer.readableLength + buffer.writableLength === 0 && !stream.writableNeedDrain
    return isFree ? stream.write(frame) : queue(frame)
  }
}
