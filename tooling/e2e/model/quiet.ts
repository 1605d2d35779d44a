import { eventually } from '../../running-system/eventually.ts'
import { http } from './http.ts'
import type { ObservedSystem } from './observed-system.ts'

/** What the HTTP API says of an outbox: entries for the broker, for handlers in the process, and dead ones. */
interface OutboxDepth {
  readonly broker: number
  readonly local: number
  readonly dead: number
}

/** Waits until a service has passed on and done all that it has committed; with `local` what its own handlers must do. */
export async function untilDone(
  { running }: Pick<ObservedSystem, 'running'>,
  service: 'allocation' | 'notifications',
  { what = 'all', deadline }: { readonly what?: 'all' | 'local'; readonly deadline?: number } = {},
): Promise<void> {
  let last: OutboxDepth | null = null
  await eventually(
    async () => {
      last = await depthOf(running[service].url)
      if (last === null) return undefined
      if (last.dead > 0) throw new Error(`${service} has given up on ${last.dead} entries of its outbox`)
      return last.local === 0 && (what === 'local' || last.broker === 0) ? true : undefined
    },
    () => `${service}'s outbox to be empty; it has ${JSON.stringify(last)}`,
    deadline,
  )
}

/** Null while the service is away. */
async function depthOf(url: string): Promise<OutboxDepth | null> {
  try {
    const { body } = await http('GET', `${url}/health/ready`)
    return (body as { outbox: OutboxDepth | null }).outbox
  } catch {
    return null
  }
}

/** Waits until all is quiet: what has been told has been taken in, and what follows from it has been done. */
export async function untilQuiet(
  system: ObservedSystem,
  {
    prefix,
    watchers,
    deadline,
  }: { readonly prefix: string; readonly watchers: number; readonly deadline: number },
): Promise<void> {
  const { tap, notificationsSql: sql } = system
  await untilDone(system, 'allocation', { deadline })
  await tap.catchUp()
  const ids = tap.events
    .filter(({ type, payload }) => !type.startsWith('Batch') && String(payload.sku).startsWith(prefix))
    .map(({ id }) => id)
  let missing = ''
  await eventually(
    async () => {
      const [row] = await sql`
        select (select count(distinct message_id)::int from posthorn_inbox where message_id = any(${ids})) as taken,
          (select count(*)::int from watchers where starts_with(order_id, ${prefix})) as watching`
      missing = `${row?.taken} of ${ids.length} events, ${row?.watching} of ${watchers} watchers`
      return row?.taken === ids.length && row?.watching >= watchers ? true : undefined
    },
    () => `the notifications service to take in everything; it has ${missing}`,
    deadline,
  )
  await untilDone(system, 'notifications', { deadline })
}
