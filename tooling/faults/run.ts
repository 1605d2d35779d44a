import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { observedSystem } from '../running-system/observed-system.ts'
import { startEventTap } from './event-tap.ts'
import { injectFaults } from './inject-faults.ts'
import { allKinds } from './kinds/all-kinds.ts'
import { balance } from './ledger/balance.ts'
import { gatherFacts } from './ledger/gather-facts.ts'
import { readPostgresVersion } from './ledger/read-stores.ts'
import { startClients } from './load/clients.ts'
import type { Asked } from './load/request.ts'
import { type LoadTargets, Worker } from './load/worker.ts'
import { watchMemory } from './memory.ts'
import { untilQuiet } from './quiet.ts'
import { seeded } from './random.ts'
import { replayDeadLetters } from './replay-dead-letters.ts'
import { countBy, type Report } from './report.ts'
import { type GivenServers, type RunningWorld, startWorld } from './start-world.ts'
import type { World } from './world.ts'

export interface RunOptions {
  /** Of faults; starting, coming to rest and counting take their own time. */
  readonly seconds: number
  readonly seed: number
  /** Only these kinds of faults. Default: all that are possible. */
  readonly kinds?: readonly string[]
  /** Whose links and sessions may suffer. Default: those of both services. */
  readonly victims?: World['victims']
  /** Who ask at once. Default 16. */
  readonly workers?: number
  /** Between two faults of a lane, from and to, in ms. */
  readonly pauses?: readonly [number, number]
  /** Default: servers of its own. */
  readonly servers?: GivenServers
  readonly log?: (line: string) => void
}

const SKUS = Array.from({ length: 12 }, (_, n) => `sku-${n}`)
const LONGEST_WARM_UP = 10_000
/** How long, in ms, what is under way when the faults stop may still take. */
const PATIENCE = 2_000

/** Drives both services with load while faults happen, lets them come to rest, and balances the ledger. */
export async function run(options: RunOptions): Promise<Report> {
  const world = await startWorld(options.victims ?? ['allocation', 'notifications'], options.servers)
  const memory = watchMemory(world.fleet)
  try {
    return await runIn(world, memory, options)
  } finally {
    memory.stop()
    await world.stop()
  }
}

async function runIn(
  world: RunningWorld,
  memory: ReturnType<typeof watchMemory>,
  options: RunOptions,
): Promise<Report> {
  const { seconds, seed, kinds: wanted, log = () => undefined } = options
  const { fleet, mail } = world
  const tap = await startEventTap(world.provisioned)
  const clients = await startClients(observedSystem, world.provisioned)
  const journal: Asked[] = []
  const [stopLoad, endLoad] = [new AbortController(), new AbortController()]
  // All who wait listen to it.
  setMaxListeners(0, endLoad.signal)
  const workers = await hireWorkers({ fleet, clients, ending: endLoad.signal }, journal, options)

  const load = Promise.all(workers.map((worker) => worker.work(stopLoad.signal)))
  await pause(Math.min(LONGEST_WARM_UP, seconds * 100))
  const before = memory.now()
  const kinds = allKinds.filter(({ name }) => wanted?.includes(name) ?? true)
  const faults = await injectFaults(world, kinds, { ...options, log })
  stopLoad.abort()
  setTimeout(() => endLoad.abort(), PATIENCE)
  await load
  await Promise.all(fleet.instances.map((instance) => instance.ready()))

  log('the faults have stopped')
  const progress = () => tap.events.length + mail.mails.length
  let quietAfter = await untilQuiet(world, progress, log)
  const replayed = await replayDeadLetters(world, log)
  if (replayed > 0) quietAfter += await untilQuiet(world, progress, log)
  const after = memory.now()
  const facts = await gatherFacts(world, journal, tap, clients)
  const versions = {
    node: process.versions.node,
    rabbitMq: await world.management.version(),
    postgres: await readPostgresVersion(world),
  }
  await Promise.all([clients.stop(), tap.close()])
  await fleet.stop()
  return {
    ...faults,
    versions,
    seed,
    seconds,
    asked: countBy(journal.map(({ request, channel, outcome }) => `${request.do} ${channel} ${outcome}`)),
    repeatedEvents: tap.repeated,
    repeatedMails: facts.mails.length - facts.notifications.length,
    replayed,
    quietAfter,
    starts: fleet.starts,
    memory: { before, after, most: memory.most() },
    ledger: balance({ ...facts, endings: fleet.endings, memory: { before, after, seconds } }),
  }
}

/** Each product has stock at the start, so that it can be asked for. */
async function hireWorkers(
  targets: LoadTargets,
  journal: Asked[],
  { seed, workers = 16 }: RunOptions,
): Promise<readonly Worker[]> {
  const random = seeded(seed)
  const founder = new Worker('first', SKUS, targets, random, journal)
  for (const sku of SKUS) {
    await founder.ask({ do: 'CreateBatch', ref: `first-${sku}`, sku, qty: 50, eta: null }, 'http', 5)
  }
  return Array.from({ length: workers }, (_, n) => {
    const chances = seeded(seed + 1 + n)
    return new Worker(`w${n}`, SKUS, targets, chances, journal)
  })
}
