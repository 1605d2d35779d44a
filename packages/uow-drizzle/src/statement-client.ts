import type { UnitOfWork } from '@posthorn/core'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import type { Parameter } from './parameters.ts'

/** Drizzle, without relational queries: import the tables and write selects. */
export type Db = PostgresJsDatabase<Record<string, never>>

/** Runs one statement. With `arrays` its rows come as arrays of values, otherwise as objects. */
export type Execute = (
  text: string,
  parameters: readonly Parameter[],
  arrays: boolean,
) => Promise<readonly unknown[]>

type Savepoints = Pick<UnitOfWork, 'savepoint'>

/**
 * Drizzle on our own way of running statements instead of on a postgres.js client, of which it uses so little: it
 * would ask for every statement to be parsed anew, which costs a round trip, and its transactions are not guarded.
 *
 * @param savepoints what `db.transaction` takes one of
 */
export function drizzleOn(execute: Execute, savepoints: Savepoints): Db {
  return drizzle(clientOn(execute, savepoints))
}

function clientOn(execute: Execute, savepoints: Savepoints): Sql {
  const nest = (work: (client: Sql) => Promise<unknown>) =>
    savepoints.savepoint((inner) => work(clientOn(execute, inner)))
  return {
    // Drizzle switches off the parsers and serializers that it finds here.
    options: { parsers: {}, serializers: {} },
    unsafe: (text: string, parameters: readonly Parameter[] = []) => ({
      values: () => execute(text, parameters, true),
      // biome-ignore lint/suspicious/noThenProperty: a postgres.js query is a promise that starts when awaited
      then: (...settled: Parameters<Promise<unknown>['then']>) =>
        execute(text, parameters, false).then(...settled),
    }),
    begin: nest,
    savepoint: nest,
  } as unknown as Sql
}
