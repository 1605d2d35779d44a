import type { Writable } from 'node:stream'
import type { Channel, ChannelModel } from 'amqplib'
import type { publishFields, publishProperties } from './message-properties.ts'

/** What amqplib 2 has and its types keep to themselves: all that Posthorn uses of it. */
export interface ConnectionInternals {
  readonly stream: Writable
  /** By channel number. */
  readonly channels: readonly ({ readonly buffer: FrameQueue } | null | undefined)[]
  /** In bytes, as agreed with the broker. */
  readonly frameMax: number
  /** Whether a sign of life is called for. */
  sentSinceLastCheck: boolean
  /** Replaced by one that throws when the connection ends. */
  sendMessage(
    channel: number,
    publish: number,
    fields: ReturnType<typeof publishFields>,
    basic: number,
    properties: ReturnType<typeof publishProperties>,
    body: Buffer,
  ): boolean
}

/** A channel's frames on their way to the socket: a stream of their own, from which amqplib takes them in turns. */
interface FrameQueue {
  write(frame: Buffer): boolean
  readonly readableLength: number
  readonly writableLength: number
}

interface ChannelInternals {
  readonly ch: number
  /**
   * What `publish` comes to. `publish` itself makes a message's headers the prototype of others, after which they are slow
   * to read: that takes longer than all else in it.
   */
  sendMessage(
    fields: ReturnType<typeof publishFields>,
    properties: ReturnType<typeof publishProperties>,
    body: Buffer,
  ): boolean
}

export function connectionInternals({ connection }: ChannelModel): ConnectionInternals {
  return connection as unknown as ConnectionInternals
}

export function channelInternals(channel: Channel): ChannelInternals {
  return channel as Channel & ChannelInternals
}
