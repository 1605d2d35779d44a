import type { Happened } from './happened.ts'
import type { Direction } from './link-connection.ts'
import type { Outside } from './outside.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What a fault can be done to. */
export interface Faulty {
  readonly scheduler: Scheduler
  readonly broker: SimulatedBroker
  readonly outside: Outside
  /** Those that live. */
  readonly processes: readonly SimulatedProcess[]
  /** Has a process end, suddenly or in order, and another one come after it, in ms. */
  replace(process: SimulatedProcess, how: 'crash' | 'stop', after: number): void
}

/** Does it, or sees to it that it is done to what comes next. Where there is nothing to do it to, it does not happen. */
type Fault = (faulty: Faulty, random: Random, happened: Happened) => void

/** Everything that can go wrong. */
export type FaultName = keyof typeof faults

export const faults = {
  /** A frame arrives twice, as from a publisher that did not hear of its first one. */
  duplicate: ({ broker }, random, happened) => {
    broker.copies = { count: random.int(2, 3), happened }
  },
  /** A frame takes long, and all behind it. */
  delay: ({ broker }, random, happened) => {
    broker.delay = { ms: random.pick([50, 500, 4_000, 12_000]), happened }
  },
  /** As from a queue that is full. */
  refusal: ({ broker, processes }, random, happened) => {
    const kind = random.pick(['frames', 'copies'] as const)
    broker.refuses = { kind, count: random.int(1, 4), happened }
    // Or there would hardly be a copy: it takes a handler that has failed.
    if (kind === 'frames') return
    const lost = (what: string) => happened(what, 'unknown-commit')
    for (const { door } of processes) door.nextCommit ??= { fault: 'lost', happened: lost }
  },
  /** What is out to a consumer goes back, behind what others have got since. */
  reorder: (faulty, random, happened) => loseLink(faulty, random, happened, 'in', [0, 5]),
  /** The broker's frames are lost: its confirms, its deliveries. */
  'lost-confirm': (faulty, random, happened) => loseLink(faulty, random, happened, 'in', [10, 5_000]),
  /** The process's frames are lost: its acks, its messages. */
  'lost-ack': (faulty, random, happened) => loseLink(faulty, random, happened, 'out', [10, 5_000]),
  'lost-connection': (faulty, random, happened) => loseLink(faulty, random, happened, 'both', [0, 15_000]),
  /** All transactions of a process are rolled back; of those that commit it does not know. */
  'lost-store': ({ processes }, random, happened) => {
    const process = pick(
      processes.filter(({ door }) => door.open > 0),
      random,
    )
    if (process === undefined) return
    process.door.cut()
    happened(`the connections of ${process.actor.name} to its store are lost`)
  },
  conflict: ({ processes }, random, happened) => {
    const process = pick(processes, random)
    if (process !== undefined) process.door.nextCommit = { fault: 'conflict', happened }
  },
  'unknown-commit': ({ processes }, random, happened) => {
    const process = pick(processes, random)
    const fault = random.pick(['lost', 'unanswered'] as const)
    if (process !== undefined) process.door.nextCommit = { fault, happened }
  },
  /** Somebody outside refuses, or his answer is lost. */
  'no-answer': ({ outside }, random, happened) => {
    outside.next = { fault: random.pick(['refused', 'lost'] as const), happened }
  },
  crash: (faulty, random, happened) => end(faulty, random, happened, 'crash'),
  stop: (faulty, random, happened) => end(faulty, random, happened, 'stop'),
  slow: (faulty, random, happened) => {
    const { processes, scheduler } = faulty
    const process = pick(processes, random)
    if (process === undefined) return
    const { actor } = process
    actor.slowness = random.pick([5, 50, 500])
    scheduler.after(actor, random.int(100, 5_000), null, () => {
      actor.slowness = 1
    })
    happened(`${actor.name} is ${actor.slowness} times slower`)
    losePatience(faulty, process, random, happened)
  },
  /** As with a process that collects garbage. */
  freeze: (faulty, random, happened) => {
    const { processes, scheduler } = faulty
    const process = pick(processes, random)
    if (process === undefined) return
    const { actor } = process
    const ms = random.pick([20, 300, 3_000, 6_000, 40_000])
    actor.pausedUntil = Math.max(actor.pausedUntil, scheduler.now + ms * 1_000)
    happened(`${actor.name} does nothing for ${ms} ms`)
    losePatience(faulty, process, random, happened)
  },
  'clock-skew': ({ processes }, random, happened) => {
    const process = pick(processes, random)
    if (process === undefined) return
    process.actor.skew = random.int(-3_600_000, 3_600_000)
    happened(`the calendar of ${process.actor.name} is ${process.actor.skew} ms wrong`)
  },
  'broker-restart': ({ broker }, random, happened) => {
    if (broker.isDown) return
    broker.restart(random, random.pick([50, 1_000, 6_000]), happened)
  },
} as const satisfies Readonly<Record<string, Fault>>

function loseLink(
  { broker }: Faulty,
  random: Random,
  happened: Happened,
  direction: Direction,
  [soonest, latest]: readonly [number, number],
): void {
  const link = pick(
    broker.links.filter(({ isWhole }) => isWhole),
    random,
  )
  if (link === undefined) return
  const noticed = { process: random.int(soonest, latest), broker: random.int(soonest, latest) }
  link.lose(direction, noticed, random.int(10, 2_000))
  happened(`the connection of ${link.process.name} to ${link.vhost} is dead (${direction})`)
}

/** Who does not answer is often told to stop. */
function losePatience(
  { replace }: Faulty,
  process: SimulatedProcess,
  random: Random,
  happened: Happened,
): void {
  if (process.isStopping || random.chance(0.5)) return
  replace(process, 'stop', 0)
  happened(`${process.actor.name} is told to stop`, 'stop')
}

function end(faulty: Faulty, random: Random, happened: Happened, how: 'crash' | 'stop'): void {
  const process = pick(
    faulty.processes.filter(({ isStopping }) => how === 'crash' || !isStopping),
    random,
  )
  if (process === undefined) return
  faulty.replace(process, how, random.pick([0, 50, 1_000, 5_000]))
  happened(`${process.actor.name} ${how === 'crash' ? 'crashes' : 'is told to stop'}`)
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : random.pick(items)
}
