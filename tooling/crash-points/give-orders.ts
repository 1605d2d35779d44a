import type { Random } from '../faults/random.ts'
import type { Journal } from './journal.ts'
import type { Label } from './labels.ts'
import { outcomeOf } from './outcome-of.ts'
import { desk, type Flavour } from './system.ts'
import type { World } from './world.ts'

/** Enough that orders seldom wait for one another, few enough that each has its order to keep. */
const KEYS = Array.from({ length: 12 }, (_, n) => `key-${n}`)
const TIMEOUT = 5_000
const TRIES = 20
/** In ms: some callers do not wait until somebody else has taken over. */
const IMPATIENT = 100
/** Entries of the inbox are forgotten 1,000 at a time. */
const STALE = 2_500

/** Gives the orders that take a worker to a label `times` times, and another one. A kiosk gives its own. */
export function giveOrders(
  world: World,
  journal: Journal,
  label: Label,
  times: number,
  random: Random,
): void {
  const { by, role } = label
  if (role === 'kiosk') return
  for (let n = 0; n < times; n++) {
    if (by === 'ask') journal.wait(ask(world, journal, random))
    else if (by === 'stale') journal.wait(addStale(world))
    else journal.wait(send(world, journal, by, random))
  }
  const another = random.pick(['plain', 'savepoint', 'follow', 'shaky', 'ask'] as const)
  journal.wait(another === 'ask' ? ask(world, journal, random) : send(world, journal, another, random))
}

async function send(world: World, journal: Journal, flavour: Flavour, random: Random): Promise<void> {
  const order = desk.commands.Place({ key: random.pick(KEYS), flavour })
  const entry = journal.enter(order.id, flavour)
  await world.till.send(order)
  entry.outcome = flavour === 'doomed' ? 'not done' : 'done'
}

/** The patient ask again until they know, with the same message. */
async function ask(world: World, journal: Journal, random: Random): Promise<void> {
  const order = desk.commands.Ask({ key: random.pick(KEYS), flavour: 'plain' })
  const entry = journal.enter(order.id, 'plain')
  const patient = random.chance(0.8)
  for (let tries = patient ? TRIES : 1; tries > 0 && entry.outcome === 'unknown'; tries--) {
    try {
      const { n } = await world.till.call(order, { timeout: patient ? TIMEOUT : IMPATIENT })
      Object.assign(entry, { outcome: 'done', n })
    } catch (error) {
      const known = outcomeOf(error)
      if (known === null) throw error
      if (!patient) entry.outcome = known
    }
  }
}

async function addStale({ desk: sql }: World): Promise<void> {
  await sql`
    insert into posthorn_inbox (consumer, source, message_id, fingerprint, received_at)
    select 'commands', 'stale', gen_random_uuid()::text, '', now() - interval '15 days'
    from generate_series(1, ${STALE})`
}
