import { PosthornError } from '../errors.ts'
import type { Row } from './repository.ts'

/** What became of the rows of one child table. Keys are rows of the key columns only. */
export interface RowChanges {
  readonly table: string
  readonly inserted: readonly Row[]
  readonly updated: readonly { readonly key: Row; readonly set: Row }[]
  readonly deleted: readonly Row[]
}

/** The columns of `current` that differ from `loaded`. Columns that `current` leaves out do not count. */
export function changedColumns(loaded: Row, current: Row): Row {
  return Object.fromEntries(
    Object.entries(current).filter(([column, value]) => !sameValue(loaded[column], value)),
  )
}

/** @throws {PosthornError} `InvalidDefinition` when two rows of `current` have the same key */
export function rowChanges(
  table: string,
  keyColumns: readonly string[],
  loaded: readonly Row[],
  current: readonly Row[],
): RowChanges {
  const before = new Map(loaded.map((row) => [keyText(row, keyColumns), row]))
  const inserted: Row[] = []
  const updated: { key: Row; set: Row }[] = []
  const seen = new Set<string>()
  for (const row of current) {
    const id = keyText(row, keyColumns)
    if (seen.has(id)) throw repeated(table, keyColumns)
    seen.add(id)
    const old = before.get(id)
    if (old === undefined) {
      inserted.push(row)
      continue
    }
    const set = changedColumns(old, row)
    if (Object.keys(set).length > 0) updated.push({ key: keyOf(row, keyColumns), set })
  }
  const deleted = [...before].filter(([id]) => !seen.has(id)).map(([, row]) => keyOf(row, keyColumns))
  return { table, inserted, updated, deleted }
}

export function isEmpty({ inserted, updated, deleted }: RowChanges): boolean {
  return inserted.length + updated.length + deleted.length === 0
}

function keyOf(row: Row, keyColumns: readonly string[]): Row {
  return Object.fromEntries(keyColumns.map((column) => [column, row[column] ?? null]))
}

/** What tells a row apart from all others of its table. */
export function keyText(row: Row, keyColumns: readonly string[]): string {
  return JSON.stringify(keyColumns.map((column) => row[column] ?? null))
}

function sameValue(a: Row[string] | undefined, b: Row[string]): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  return Object.is(a, b)
}

function repeated(table: string, keyColumns: readonly string[]): PosthornError<'InvalidDefinition'> {
  return new PosthornError(
    'InvalidDefinition',
    `An aggregate has two rows in ${table} with the same ${keyColumns.join(', ')}; check the mapping's childKeys`,
  )
}
