import type { Row } from '@posthorn/core/storage'
import { getTableColumns, is, Param, Placeholder, type SQL, sql } from 'drizzle-orm'
import { type PgColumn, PgCustomColumn, type PgTable } from 'drizzle-orm/pg-core'
import type { Parameter } from './parameters.ts'

/*
 * Drizzle builds a statement's text anew each time, which takes longer than Postgres takes to run it. Those that read
 * and write aggregates have the same few texts again and again: each is built once, with placeholders for the values.
 */

export interface Statement {
  readonly text: string
  readonly parameters: readonly Parameter[]
}

/** A statement of drizzle's that has not been run. */
interface Query {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** Where a parameter of a text that is used again comes from: a row of the values, and a property of it. */
interface Slot {
  readonly row: number
  readonly property: string
  readonly encode: (value: unknown) => unknown
}

interface Compiled {
  readonly text: string
  readonly slots: readonly Slot[]
}

/** By the kind of statement and the properties of its values. None for a table whose texts are never the same. */
const compiled = new WeakMap<object, Map<string, Compiled> | undefined>()

/** With so many rows of values a text is not kept: there would be one for each number of rows. */
const MANY = 8

/**
 * The statement of a kind for some rows of values. `build` is given these rows or such with placeholders, which look
 * alike to drizzle; in a condition each must stand in `encoded`, unless it is what the driver takes.
 *
 * @param owner whose statement it is: with him its text goes
 */
export function statementOn<V extends readonly Row[]>(
  table: PgTable,
  kind: string,
  values: V,
  build: (values: V) => Query,
  owner: object = table,
): Statement {
  const texts = textsOf(table, owner)
  if (texts === undefined || values.length > MANY) {
    const { sql: text, params } = build(values).toSQL()
    return { text, parameters: params as readonly Parameter[] }
  }
  let shape = kind
  for (const row of values) shape += ` ${Object.keys(row).join()}`
  let known = texts.get(shape)
  if (known === undefined) {
    known = compile(build(values.map(placeholders) as unknown as V))
    texts.set(shape, known)
  }
  const { text, slots } = known
  const parameters = slots.map(({ row, property, encode }) => encode(values[row]?.[property]))
  // Encoded by their columns.
  return { text, parameters: parameters as readonly Parameter[] }
}

/** A value as a column writes it. */
export function encoded(column: PgColumn, value: unknown): SQL | Param {
  return sql.param(value, column)
}

const columns = new WeakMap<PgTable, readonly (readonly [string, PgColumn])[]>()

/** Rows, of a select of a whole table, as drizzle's own: by property, as the columns read them. */
export function rowsOf(table: PgTable, answer: readonly unknown[]): readonly Row[] {
  const known = columns.get(table) ?? Object.entries(getTableColumns(table))
  columns.set(table, known)
  return (answer as readonly (readonly unknown[])[]).map((values) => {
    const row: Record<string, unknown> = {}
    let index = 0
    for (const [property, column] of known) {
      const value = values[index++]
      row[property] = value === null ? null : column.mapFromDriverValue(value)
    }
    // The columns' types are the mapping's affair.
    return row as Row
  })
}

function textsOf(table: PgTable, owner: object): Map<string, Compiled> | undefined {
  const known = compiled.get(owner)
  if (known !== undefined || compiled.has(owner)) return known
  const texts = hasSteadyTexts(table) ? new Map<string, Compiled>() : undefined
  compiled.set(owner, texts)
  return texts
}

/** Not so where drizzle computes a value for each statement, or where a value may become SQL. */
function hasSteadyTexts(table: PgTable): boolean {
  return Object.values(getTableColumns(table)).every(
    (column) =>
      column.defaultFn === undefined && column.onUpdateFn === undefined && !is(column, PgCustomColumn),
  )
}

function placeholders(row: Row, index: number): Row {
  const names = Object.keys(row).map((property) => [property, sql.placeholder(`${index} ${property}`)])
  return Object.fromEntries(names) as Row
}

function compile(query: Query): Compiled {
  const { sql: text, params } = query.toSQL()
  return { text, slots: params.map(slotOf) }
}

function slotOf(param: unknown): Slot {
  if (is(param, Placeholder)) {
    const [row, property] = split(param.name)
    return { row, property, encode: (given) => given }
  }
  if (!is(param, Param) || !is(param.value, Placeholder)) {
    return { row: 0, property: '', encode: () => param }
  }
  const { value, encoder } = param
  const [row, property] = split(value.name)
  const encode = (given: unknown) => (given === null ? null : encoder.mapToDriverValue(given))
  return { row, property, encode }
}

function split(name: string): readonly [number, string] {
  const end = name.indexOf(' ')
  return [Number(name.slice(0, end)), name.slice(end + 1)]
}
