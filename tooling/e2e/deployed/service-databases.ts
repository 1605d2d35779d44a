import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { projectRoot } from '../../running-system/project-root.ts'

/** The databases of the compose file, with their users, under names that nobody else has. */
export interface ServiceDatabases {
  /** The URL with which a service enters a database: its own, unless another is named. */
  url(service: string, database?: string): string
  drop(): Promise<void>
}

const services = ['allocation', 'notifications']

export async function serviceDatabases(adminUrl: string): Promise<ServiceDatabases> {
  const prefix = `t${randomBytes(4).toString('hex')}`
  const script = readFileSync(join(projectRoot, 'tooling/compose/databases.sql'), 'utf8')
    .replaceAll(/^--.*$/gm, '')
    .replaceAll(/\b(allocation|notifications)\b(?!-)/g, `${prefix}_$1`)
  const administer = async (statements: readonly string[]) => {
    const sql = postgres(adminUrl, { max: 1, fetch_types: false, onnotice: () => undefined })
    try {
      for (const statement of statements) if (statement.trim() !== '') await sql.unsafe(statement)
    } finally {
      await sql.end({ timeout: 5 })
    }
  }
  await administer(script.split(';'))
  return {
    url: (service, database = service) => {
      const url = new URL(adminUrl)
      url.username = `${prefix}_${service}`
      url.password = `${service}-on-loopback`
      url.pathname = `/${prefix}_${database}`
      return url.href
    },
    drop: () =>
      administer([
        ...services.map((name) => `drop database ${prefix}_${name} with (force)`),
        ...services.map((name) => `drop role ${prefix}_${name}`),
      ]),
  }
}
