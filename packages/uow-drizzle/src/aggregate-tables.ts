import { PosthornError } from '@posthorn/core'
import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'

/** A table with the two columns that a repository needs of an aggregate's root. */
export type RootTable = PgTable & { readonly id: PgColumn; readonly version: PgColumn }

/** A table of an aggregate's children. */
export interface ChildTable {
  readonly table: PgTable
  /** The column of `table` that holds the root's id. */
  readonly root: PgColumn
}

/** Where the aggregates of one kind are stored. */
export interface AggregateTables {
  readonly table: RootTable
  /** By the names that the mapping uses. */
  readonly children: Readonly<Record<string, ChildTable>>
}

/**
 * The column of a table by the name of its property.
 * @throws {PosthornError} `InvalidDefinition` when the mapping names a column that the table does not have
 */
export function columnOf(table: PgTable, property: string): PgColumn {
  const column = getTableColumns(table)[property]
  if (column !== undefined) return column as PgColumn
  throw new PosthornError(
    'InvalidDefinition',
    `The mapping has a column ${property}, which table ${getTableName(table)} does not have; rename one of them`,
  )
}

/** @throws {PosthornError} `InvalidDefinition` when the mapping names a child that has no table */
export function childOf({ table, children }: AggregateTables, name: string): ChildTable {
  const child = children[name]
  if (child !== undefined) return child
  throw new PosthornError(
    'InvalidDefinition',
    `The mapping has children called ${name}, but the repository of ${getTableName(table)} names no table for them`,
  )
}
