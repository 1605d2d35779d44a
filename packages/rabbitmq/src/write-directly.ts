import type { Writable } from 'node:stream'
import type { Channel, ChannelModel } from 'amqplib'

/** A channel's frames on their way to the socket: a stream of their own, from which amqplib takes them in turns. */
interface Outbox {
  write(frame: Buffer): boolean
  readonly readableLength: number
  readonly writableLength: number
}

/** What amqplib's types keep to themselves. */
interface Internals {
  readonly stream: Writable
  readonly channels: readonly ({ readonly buffer: Outbox } | null | undefined)[]
}

/**
 * Has a channel's frames go to the socket at once, as those of the connection itself do. amqplib has each pass through a
 * stream and two turns of the event loop, so that no channel crowds out another where the socket is full: there, and only
 * there, they still do.
 */
export function writeDirectly({ connection }: ChannelModel, channel: Channel): void {
  const { stream, channels } = connection as unknown as Internals
  const { ch } = channel as Channel & { readonly ch: number }
  const buffer = channels[ch]?.buffer
  if (buffer === undefined) return
  const queue = buffer.write.bind(buffer)
  buffer.write = (frame) => {
    const isFree = buffer.readableLength + buffer.writableLength === 0 && !stream.writableNeedDrain
    return isFree ? stream.write(frame) : queue(frame)
  }
}
