/** Reads AMQP's primitive values one after the other. Throws `RangeError` past the end. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('a value ends after its frame')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  byte(): number {
    return this.take(1).readUInt8()
  }

  short(): number {
    return this.take(2).readUInt16BE()
  }

  long(): number {
    return this.take(4).readUInt32BE()
  }

  longLong(): bigint {
    return this.take(8).readBigUInt64BE()
  }

  shortText(): string {
    return this.take(this.byte()).toString()
  }

  longBytes(): Buffer {
    return this.take(this.long())
  }
}
