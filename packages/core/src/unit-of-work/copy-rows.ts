import type { AggregateRows, Row } from './repository.ts'

/** Rows of one's own, with nothing in them that somebody else could change. */
export function copyRows({ root, children }: AggregateRows): AggregateRows {
  const copies = Object.entries(children).map(([table, rows]) => [table, rows.map(copyRow)] as const)
  return { root: copyRow(root), children: Object.fromEntries(copies) }
}

function copyRow(row: Row): Row {
  const copy: Record<string, Row[string]> = { ...row }
  for (const [column, value] of Object.entries(copy)) {
    if (value instanceof Date) copy[column] = new Date(value)
  }
  return copy
}
