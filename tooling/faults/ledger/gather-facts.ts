import { setTimeout as pause } from 'node:timers/promises'
import type { EventTap } from '../event-tap.ts'
import { askAgain } from '../load/ask-again.ts'
import type { Clients } from '../load/clients.ts'
import type { Asked } from '../load/request.ts'
import { allQueues } from '../quiet.ts'
import { countBy } from '../report.ts'
import type { World } from '../world.ts'
import type { Facts } from './facts.ts'
import { tooManyConnections } from './leftovers.ts'
import { readSessions, readStores } from './read-stores.ts'

/** How many requests are made once more in the end. */
const REPEATED = 60
/** In ms. */
const LONGEST_HALF_OPEN = 30_000

/** Looks everywhere, when everything is quiet. */
export async function gatherFacts(
  world: World,
  journal: readonly Asked[],
  tap: EventTap,
  clients: Clients,
): Promise<Omit<Facts, 'endings' | 'memory'>> {
  const { fleet, mail, management, plan } = world
  const queues = await allQueues(world)
  const dead = queues.filter(({ name }) => name.endsWith('.dead'))
  const letters = await Promise.all(dead.map(({ vhost, name }) => management.deadLetters(vhost, name)))
  const done = journal.filter(({ outcome }) => outcome === 'done')
  const every = Math.ceil(done.length / REPEATED)
  const repeated: Facts['repeated'][number][] = []
  for (const first of done.filter((_, n) => n % every === 0)) {
    repeated.push({ first, again: await askAgain(first, { fleet, clients }) })
  }
  const all = await readSessions(world)
  for (const { links } of fleet.instances) links.postgres.endStranded()
  await pause(1_000)
  const sessions = { all, left: await readSessions(world) }
  return {
    ...(await readStores(world)),
    sessions,
    journal,
    events: tap.events,
    mails: mail.mails,
    warehouse: clients.heard,
    queues,
    planned: plan.vhosts.flatMap(({ name: vhost, queues }) => queues.map(({ name }) => ({ vhost, name }))),
    deadLetters: letters.flat(),
    connections: await connectionsAtRest(world),
    pendingCalls: clients.storefront.health().pendingCalls + clients.warehouse.health().pendingCalls,
    instances: fleet.instances.length,
    repeated,
  }
}

/** By user. The broker notices by its heartbeats who has gone without a word, and tells of that later still. */
async function connectionsAtRest({ management, plan, fleet }: World): Promise<Facts['connections']> {
  const vhosts = new Set(plan.vhosts.map(({ name }) => name))
  const instances = fleet.instances.length
  for (const start = performance.now(); ; await pause(1_000)) {
    const ours = (await management.connections()).filter(({ vhost = '' }) => vhosts.has(vhost))
    const connections = countBy(ours.map(({ user = 'unknown' }) => user))
    const atRest = tooManyConnections({ connections, instances }).length === 0
    if (atRest || performance.now() - start > LONGEST_HALF_OPEN) return connections
  }
}
