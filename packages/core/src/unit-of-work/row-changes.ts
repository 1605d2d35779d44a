import { PosthornError } from '../errors.ts'
import type { Row } from './repository.ts'

/** What became of the rows of one child table. Keys are rows of the key columns only. */
export interface RowChanges {
  readonly table: string
  readonly inserted: readonly Row[]
  readonly updated: readonly { readonly key: Row; readonly set: Row }[]
  readonly deleted: readonly Row[]
}

/** What {@link changedColumns} gives when there are none. */
export const UNCHANGED: Row = Object.freeze({})

/** The columns of `current` that differ from `loaded`. Columns that `current` leaves out do not count. */
export function changedColumns(loaded: Row, current: Row): Row {
  let changed: Record<string, Row[string]> | undefined
  for (const column of Object.keys(current)) {
    const value = current[column] as Row[string]
    if (sameValue(loaded[column], value)) continue
    changed ??= {}
    changed[column] = value
  }
  return changed ?? UNCHANGED
}

/**
 * Undefined when nothing has changed.
 * @throws {PosthornError} `InvalidDefinition` when two rows of `current` have the same key
 */
export function rowChanges(
  table: string,
  keyColumns: readonly string[],
  loaded: readonly Row[],
  current: readonly Row[],
): RowChanges | undefined {
  const before = new Map<string, Row>()
  for (const row of loaded) before.set(keyText(row, keyColumns), row)
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
    before.delete(id)
    const set = changedColumns(old, row)
    if (set !== UNCHANGED) updated.push({ key: keyOf(row, keyColumns), set })
  }
  if (inserted.length + updated.length + before.size === 0) return undefined
  const deleted = Array.from(before.values(), (row) => keyOf(row, keyColumns))
  return { table, inserted, updated, deleted }
}

function keyOf(row: Row, keyColumns: readonly string[]): Row {
  return Object.fromEntries(keyColumns.map((column) => [column, row[column] ?? null]))
}

/**
 * What tells a row apart from all others of its table: the values of its key, each with its kind and its length, so that
 * no two keys look the same.
 */
export function keyText(row: Row, keyColumns: readonly string[]): string {
  let id = ''
  for (const column of keyColumns) {
    const value = row[column] ?? null
    const text = value instanceof Date ? String(value.getTime()) : String(value)
    id += `${typeof value} ${text.length} ${text}`
  }
  return id
}

function sameValue(a: Row[string] | undefined, b: Row[string]): boolean {
  if (Object.is(a, b)) return true
  return a instanceof Date && b instanceof Date && a.getTime() === b.getTime()
}

function repeated(table: string, keyColumns: readonly string[]): PosthornError<'InvalidDefinition'> {
  return new PosthornError(
    'InvalidDefinition',
    `An aggregate has two rows in ${table} with the same ${keyColumns.join(', ')}; check the mapping's childKeys`,
  )
}
