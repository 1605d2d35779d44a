import type { AggregateChange } from './identity-map.ts'
import type { AggregateMapping, AggregateRows, Row } from './repository.ts'
import { keyText, type RowChanges } from './row-changes.ts'

/** An aggregate's rows once a change is written: those that the change does not name stay. None after a delete. */
export function rowsAfter(
  stored: AggregateRows | undefined,
  { kind, root, rows, children }: AggregateChange,
  childKeys: AggregateMapping<never>['childKeys'],
): AggregateRows | undefined {
  if (kind === 'delete') return undefined
  if (kind === 'insert' || stored === undefined) return rows
  const written = children.map((changes) => {
    const { table } = changes
    return [table, childrenAfter(stored.children[table] ?? [], changes, childKeys[table] ?? [])] as const
  })
  return {
    root: { ...stored.root, ...root },
    children: { ...stored.children, ...Object.fromEntries(written) },
  }
}

/** @throws as a database does, when a row is inserted of which it has the key */
function childrenAfter(
  stored: readonly Row[],
  { table, inserted, updated, deleted }: RowChanges,
  keyColumns: readonly string[],
): readonly Row[] {
  const after = new Map(stored.map((row) => [keyText(row, keyColumns), row]))
  for (const key of deleted) after.delete(keyText(key, keyColumns))
  for (const { key, set } of updated) {
    const id = keyText(key, keyColumns)
    const row = after.get(id)
    if (row !== undefined) after.set(id, { ...row, ...set })
  }
  for (const row of inserted) {
    const id = keyText(row, keyColumns)
    if (after.has(id)) throw new Error(`${table} has a row with the ${keyColumns.join(', ')} ${id} already`)
    after.set(id, row)
  }
  return [...after.values()]
}
