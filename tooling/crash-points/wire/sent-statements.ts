/** What a client of Postgres has said on one connection, read from the bytes that it sends. */
export class SentStatements {
  readonly #prepared = new Map<string, string>()
  #inTransaction = false
  /** The beginnings of the transaction's statements so far. */
  #trail: string[] = []

  /** The statements in these bytes, each with those before it in its transaction: `begin … > insert into a > commit`. */
  read(data: Buffer): readonly string[] {
    const statements: string[] = []
    // What comes first has no type: the greeting.
    for (let at = data[0] === 0 ? data.readInt32BE(0) : 0; at + 5 <= data.length; ) {
      const text = this.#statement(String.fromCharCode(data[at] ?? 0), data, at + 5)
      if (text !== undefined) statements.push(this.#follow(text))
      at += 1 + data.readInt32BE(at + 1)
    }
    return statements
  }

  /** A statement is known by its name once it has been prepared. */
  #statement(type: string, data: Buffer, start: number): string | undefined {
    const [first, next] = textAt(data, start)
    if (type === 'Q') return first
    if (type === 'P') this.#prepared.set(first, textAt(data, next)[0])
    return type === 'B' ? this.#prepared.get(textAt(data, next)[0]) : undefined
  }

  #follow(text: string): string {
    const words = text.trim().split(/\s+/)
    const [verb] = words
    if (verb === 'begin') this.#inTransaction = true
    if (verb === 'begin' || !this.#inTransaction) this.#trail = []
    this.#trail.push(words.slice(0, 4).join(' '))
    if (verb === 'commit' || text === 'rollback') this.#inTransaction = false
    return this.#trail.join(' > ')
  }
}

function textAt(data: Buffer, start: number): readonly [text: string, next: number] {
  const end = data.indexOf(0, start)
  return [data.toString('utf8', start, end), end + 1]
}
