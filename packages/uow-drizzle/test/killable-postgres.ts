import { providePostgres } from '../../../tooling/dev/provide-postgres.mjs'

/** A Postgres of a test's own, that may crash. */
export interface KillablePostgres extends AsyncDisposable {
  /** Of a superuser. */
  readonly url: string
  /** Ends its first process by SIGKILL; the others notice, and go. */
  kill(): Promise<void>
  /** Has it serve again. */
  start(): Promise<void>
}

/** @throws where none can be started: one in Docker, or given by URL, does not do */
export async function killablePostgres(): Promise<KillablePostgres> {
  const { url, kill, start, stop } = await providePostgres({ killable: true, log: () => undefined })
  if (kill === undefined || start === undefined) throw new Error('No Postgres can be started on this machine')
  return { url, kill, start, [Symbol.asyncDispose]: stop }
}
