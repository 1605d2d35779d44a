/** Rows by table and key. */
export type Tables = Map<string, Map<string, unknown>>

/**
 * One transaction's view of the in-memory store's tables: its own writes over what others have committed. Nothing
 * reaches the tables before `apply`.
 */
export class StagedTables {
  readonly #committed: Tables
  readonly #layers: Tables[] = [new Map()]

  constructor(committed: Tables) {
    this.#committed = committed
  }

  get(table: string, key: string): unknown {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const staged = this.#layers[i]?.get(table)
      if (staged?.has(key)) return staged.get(key)
    }
    return this.#committed.get(table)?.get(key)
  }

  /** @param value undefined deletes the row */
  set(table: string, key: string, value: unknown): void {
    const layer = this.#layers.at(-1) as Tables
    tableOf(layer, table).set(key, value)
  }

  /** In the order in which keys were first written. */
  entries(table: string): ReadonlyMap<string, unknown> {
    const rows = new Map(this.#committed.get(table))
    for (const layer of this.#layers) write(rows, layer.get(table) ?? new Map())
    return rows
  }

  get isEmpty(): boolean {
    return this.#layers.every((layer) => layer.size === 0)
  }

  beginSavepoint(): void {
    this.#layers.push(new Map())
  }

  /** @param keep false undoes what was written since `beginSavepoint` */
  endSavepoint(keep: boolean): void {
    const ended = this.#layers.pop() as Tables
    if (!keep) return
    const below = this.#layers.at(-1) as Tables
    for (const [table, rows] of ended) {
      const target = tableOf(below, table)
      for (const [key, value] of rows) target.set(key, value)
    }
  }

  /** Makes the writes everybody's, in one step. Gives them; undefined stands for what was deleted. */
  apply(): Tables {
    const [all = new Map()] = this.#layers
    while (this.#layers.length > 1) this.endSavepoint(true)
    this.#layers.length = 0
    for (const [table, rows] of all) write(tableOf(this.#committed, table), rows)
    return all
  }
}

function tableOf(tables: Tables, name: string): Map<string, unknown> {
  const known = tables.get(name)
  if (known !== undefined) return known
  const made = new Map<string, unknown>()
  tables.set(name, made)
  return made
}

function write(rows: Map<string, unknown>, changes: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of changes) {
    if (value === undefined) rows.delete(key)
    else rows.set(key, value)
  }
}
