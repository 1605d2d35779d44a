import postgres from 'postgres'

/** Databases made for one run on a server where we are administrator. */
export interface Databases {
  url(name: string): string
  drop(): Promise<void>
}

/** Makes one empty database for each name, called `<prefix>_<name>`. */
export async function createDatabases(
  adminUrl: string,
  prefix: string,
  names: readonly string[],
): Promise<Databases> {
  const full = (name: string) => `${prefix}_${name}`.replaceAll('-', '_')
  const admin = () => postgres(adminUrl, { max: 1, fetch_types: false, onnotice: () => undefined })
  const each = async (statement: (quoted: string) => string) => {
    const sql = admin()
    try {
      for (const name of names) await sql.unsafe(statement(`"${full(name)}"`))
    } finally {
      await sql.end({ timeout: 5 })
    }
  }
  await each((quoted) => `create database ${quoted}`)
  return {
    url: (name) => {
      const url = new URL(adminUrl)
      url.pathname = `/${full(name)}`
      return url.href
    },
    drop: () => each((quoted) => `drop database if exists ${quoted} with (force)`),
  }
}
