import type { Direction } from './link-connection.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What a fault can be done to. */
export interface Faulty {
  readonly scheduler: Scheduler
  readonly broker: SimulatedBroker
  /** Those that live. */
  readonly processes: readonly SimulatedProcess[]
  /** Has a process end, suddenly or in order, and another one come after it, in ms. */
  replace(process: SimulatedProcess, how: 'crash' | 'stop', after: number): void
}

/** Does it, and says what; null when there is nothing to do it to. */
type Fault = (faulty: Faulty, random: Random) => string | null

/** Everything that can go wrong. */
export type FaultName = keyof typeof faults

export const faults = {
  /** A frame arrives twice, as from a publisher that did not hear of its first one. */
  duplicate: ({ broker }, random) => {
    broker.copies = random.int(2, 3)
    return 'the next frame arrives more than once'
  },
  /** A frame takes long, and all behind it. */
  delay: ({ broker }, random) => {
    broker.delay = random.pick([50, 500, 4_000, 12_000])
    return `the next frame takes ${broker.delay} ms longer`
  },
  /** As from a queue that is full. */
  refusal: ({ broker }, random) => {
    const count = random.int(1, 4)
    const kind = random.pick(['frames', 'copies'] as const)
    broker.refuses = { kind, count }
    return `the broker refuses the next ${count} ${kind === 'copies' ? 'copies of what has failed' : 'frames'}`
  },
  /** What is out to a consumer goes back, behind what others have got since. */
  reorder: (faulty, random) => loseLink(faulty, random, 'in', [0, 5]),
  /** The broker's frames are lost: its confirms, its deliveries. */
  'lost-confirm': (faulty, random) => loseLink(faulty, random, 'in', [10, 5_000]),
  /** The process's frames are lost: its acks, its messages. */
  'lost-ack': (faulty, random) => loseLink(faulty, random, 'out', [10, 5_000]),
  'lost-connection': (faulty, random) => loseLink(faulty, random, 'both', [0, 15_000]),
  /** All transactions of a process are rolled back; of those that commit it does not know. */
  'lost-store': ({ processes, scheduler }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    process.door.cut()
    scheduler.note(process.actor, 'the connections to the store are lost')
    return null
  },
  conflict: ({ processes }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    process.door.nextCommit = 'conflict'
    return `the next commit of ${process.actor.name} meets a conflict`
  },
  'unknown-commit': ({ processes }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    process.door.nextCommit = random.pick(['lost', 'unanswered'] as const)
    return `the next commit of ${process.actor.name} is ${process.door.nextCommit}`
  },
  'no-answer': ({ processes }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    process.nextAnswer = random.pick(['refused', 'lost'] as const)
    return `the next request of ${process.actor.name} to somebody outside is ${process.nextAnswer}`
  },
  crash: (faulty, random) => replace(faulty, random, 'crash'),
  stop: (faulty, random) => replace(faulty, random, 'stop'),
  slow: ({ processes, scheduler }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    const { actor } = process
    actor.slowness = random.pick([5, 50, 500])
    scheduler.after(actor, random.int(100, 5_000), null, () => {
      actor.slowness = 1
    })
    return `${actor.name} is ${actor.slowness} times slower`
  },
  /** As with a process that is stopped, or collects garbage. */
  freeze: ({ processes, scheduler }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    const ms = random.pick([20, 300, 3_000, 6_000, 40_000])
    process.actor.pausedUntil = scheduler.now + ms * 1_000
    return `${process.actor.name} does nothing for ${ms} ms`
  },
  'clock-skew': ({ processes }, random) => {
    const process = pick(processes, random)
    if (process === undefined) return null
    process.actor.skew = random.int(-3_600_000, 3_600_000)
    return `the calendar of ${process.actor.name} is ${process.actor.skew} ms wrong`
  },
  'broker-restart': ({ broker }, random) => {
    if (broker.isDown) return null
    const ms = random.pick([50, 1_000, 6_000])
    broker.restart(random, ms)
    return `the broker is away for ${ms} ms, and loses what was not confirmed`
  },
} as const satisfies Readonly<Record<string, Fault>>

function loseLink(
  { broker, scheduler }: Faulty,
  random: Random,
  direction: Direction,
  [soonest, latest]: readonly [number, number],
): string | null {
  const { links } = broker
  const link = links.length === 0 ? undefined : random.pick(links)
  if (link === undefined) return null
  const noticed = { process: random.int(soonest, latest), broker: random.int(soonest, latest) }
  link.lose(direction, noticed, random.int(10, 2_000))
  scheduler.note(link.process, `the connection to ${link.vhost} is dead (${direction})`)
  return null
}

function replace(faulty: Faulty, random: Random, how: 'crash' | 'stop'): string | null {
  const process = pick(faulty.processes, random)
  if (process === undefined) return null
  const after = random.pick([0, 50, 1_000, 5_000])
  faulty.replace(process, how, after)
  return `${process.actor.name} ${how === 'crash' ? 'crashes' : 'is told to stop'}`
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : random.pick(items)
}
