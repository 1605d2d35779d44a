const METHOD = 1
const CONSUME = 20
const PUBLISH = 40
const ACK = 80
const BASIC = 60

/** What a client of RabbitMQ has published and acknowledged on one connection, read from the bytes that it sends. */
export class SentFrames {
  /** By channel: a consumer has a channel of its own. */
  readonly #queues = new Map<number, string>()

  /** `publish <exchange> <key>`, with `reply` for the default exchange, or `ack <queue>`. */
  read(data: Buffer): readonly string[] {
    const sent: string[] = []
    // What comes first is no frame but the protocol's name.
    for (let at = data.toString('latin1', 0, 4) === 'AMQP' ? 8 : 0; at + 8 <= data.length; ) {
      const payload = at + 7
      if (data[at] === METHOD && data.readUInt16BE(payload) === BASIC) {
        const what = this.#method(data, data.readUInt16BE(at + 1), payload + 2)
        if (what !== undefined) sent.push(what)
      }
      at = payload + data.readUInt32BE(at + 3) + 1
    }
    return sent
  }

  #method(data: Buffer, channel: number, at: number): string | undefined {
    const method = data.readUInt16BE(at)
    // Behind the method's number stands a reserved one.
    const [first, next] = shortText(data, at + 4)
    if (method === CONSUME) this.#queues.set(channel, first)
    if (method === ACK) return `ack ${this.#queues.get(channel)}`
    return method === PUBLISH ? `publish ${first || 'reply'} ${shortText(data, next)[0]}` : undefined
  }
}

function shortText(data: Buffer, at: number): readonly [text: string, next: number] {
  const end = at + 1 + (data[at] ?? 0)
  return [data.toString('latin1', at + 1, end), end]
}
