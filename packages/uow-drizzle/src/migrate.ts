import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { PosthornError } from '@posthorn/core'
import type { GuardedTransaction } from './guarded-transaction.ts'
import type { PostgresDriver } from './postgres-driver.ts'

/** Makes or brings up to date Posthorn's own tables. @throws as {@link migrateFolder} */
export async function migrate(driver: PostgresDriver): Promise<readonly string[]> {
  return migrateFolder(driver, new URL('../migrations/', import.meta.url), 'posthorn_migrations')
}

/**
 * Applies the `.sql` files of a folder that have not been applied yet, in the order of their names, all in one
 * transaction. Any number of processes may do so at once: one does the work, the others wait for it.
 *
 * @param folder a path or a `file:` URL
 * @param table where the names of the applied files are kept
 * @returns the names of the files that were applied now
 * @throws {PosthornError} `MigrationChanged` when a file is no longer what was applied
 */
export async function migrateFolder(
  driver: PostgresDriver,
  folder: string | URL,
  table: string,
): Promise<readonly string[]> {
  const files = await sqlFiles(folder)
  const minutes = 60_000
  const transaction = await driver.begin({
    lockKey: 'posthorn migrations',
    lockTimeout: 5 * minutes,
    statementTimeout: 30 * minutes,
  })
  try {
    const applied = await appliedFiles(transaction, table)
    const now: string[] = []
    for (const { name, text, hash } of files) {
      const known = applied.get(name)
      if (known === hash) continue
      if (known !== undefined) throw migrationChanged(name)
      // Without parameters a text may hold any number of statements.
      await transaction.run(text)
      await transaction.run(`insert into ${quoted(table)} (name, hash) values ($1, $2)`, [name, hash])
      now.push(name)
    }
    await transaction.commit()
    return now
  } finally {
    await transaction.rollback()
  }
}

interface MigrationFile {
  readonly name: string
  readonly text: string
  readonly hash: string
}

async function sqlFiles(folder: string | URL): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const path = typeof folder === 'string' ? `${folder}/${name}` : new URL(name, asDirectory(folder))
      const text = await readFile(path, 'utf8')
      return { name, text, hash: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

async function appliedFiles(
  transaction: GuardedTransaction,
  table: string,
): Promise<ReadonlyMap<string, string>> {
  await transaction.run(
    `create table if not exists ${quoted(table)}
     (name text primary key, hash text not null, applied_at timestamptz not null default now())`,
  )
  const rows = await transaction.run(`select name, hash from ${quoted(table)}`)
  return new Map(rows.map(({ name, hash }) => [String(name), String(hash)]))
}

function asDirectory(folder: URL): URL {
  return folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function migrationChanged(name: string): PosthornError<'MigrationChanged'> {
  return new PosthornError(
    'MigrationChanged',
    `Migration ${name} has been changed since it was applied; put it back and write another one`,
    { outcome: 'not-executed', details: { name } },
  )
}
