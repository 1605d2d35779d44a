import { setTimeout as pause } from 'node:timers/promises'
import type { EventTap } from '../event-tap.ts'
import { askAgain } from '../load/ask-by-http.ts'
import type { Clients } from '../load/clients.ts'
import type { Asked } from '../load/request.ts'
import { allQueues } from '../quiet.ts'
import { countBy } from '../report.ts'
import type { World } from '../world.ts'
import type { Facts } from './facts.ts'
import { readSessions, readStores } from './read-stores.ts'

/** How many requests are made once more in the end. */
const REPEATED = 60

/** Looks everywhere, when everything is quiet. */
export async function gatherFacts(
  world: World,
  journal: readonly Asked[],
  tap: EventTap,
  clients: Clients,
): Promise<Omit<Facts, 'endings' | 'memory'>> {
  const { fleet, mail, management, plan } = world
  const done = journal.filter(({ channel, outcome }) => channel === 'http' && outcome === 'done')
  const every = Math.ceil(done.length / REPEATED)
  const repeated: Facts['repeated'][number][] = []
  for (const first of done.filter((_, n) => n % every === 0)) {
    repeated.push({ first, again: await askAgain(first, fleet) })
  }
  const all = await readSessions(world)
  for (const { links } of fleet.instances) links.postgres.endStranded()
  await pause(1_000)
  const sessions = { all, left: await readSessions(world) }
  const queues = await allQueues(world)
  const dead = queues.filter(({ name }) => name.endsWith('.dead'))
  const letters = await Promise.all(dead.map(({ vhost, name }) => management.deadLetters(vhost, name)))
  const vhosts = new Set(plan.vhosts.map(({ name }) => name))
  const connections = (await management.connections()).filter(({ vhost = '' }) => vhosts.has(vhost))
  return {
    ...(await readStores(world)),
    sessions,
    journal,
    events: tap.events,
    mails: mail.mails,
    warehouse: clients.heard,
    queues,
    deadLetters: letters.flat(),
    connections: countBy(connections.map(({ user = 'unknown' }) => user)),
    pendingCalls: clients.storefront.health().pendingCalls + clients.warehouse.health().pendingCalls,
    instances: fleet.instances.length,
    repeated,
  }
}
