import type { Clock } from '../clock.ts'
import type { ExternalBusOptions } from '../external-bus/bus-settings.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import type { MessageBus } from '../internal-bus/message-bus.ts'
import type { System } from '../messages/define-system.ts'
import type { Command } from '../messages/message.ts'
import type { OutboxQueue } from '../outbox/outbox.ts'
import type { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import type { Random } from './random.ts'

/** What is simulated: services on one broker, each with a store of its own, and what their clients ask of them. */
export interface World {
  readonly system: System
  /** By the name of the domain. */
  readonly services: Readonly<Record<string, SimulatedService>>
  /** What one seed's clients ask, made anew for each seed; `random` is a function of the seed. */
  readonly script: (random: Random) => readonly Request[]
}

/** One service: how a process of it comes to be, at the beginning and after each crash. */
export interface SimulatedService {
  /** How many processes of it share the store, or a number drawn for each seed. Default 1. */
  readonly instances?: number | ((random: Random) => number)
  /** For its external bus. */
  readonly bus?: Pick<ExternalBusOptions, 'prefetch' | 'ordered' | 'attempts' | 'handlerTimeout'>
  /** Joins the parts as a bootstrap does. What it remembers besides the store is gone after a crash. */
  readonly start: (host: Host) => ServiceParts | Promise<ServiceParts>
}

/** What a service is joined from, as far as the simulation must know it. */
export interface ServiceParts {
  readonly bus: MessageBus
  /** The outbox of `host.store`, for the relay. */
  readonly outbox: OutboxQueue
}

/** What a simulated process runs on. */
export interface Host {
  /** Tells apart the processes of a service; one that comes after another has its name. */
  readonly name: string
  readonly store: InMemoryStore
  readonly externalBus: ExternalBus
  readonly clock: Clock
  /**
   * Asks somebody outside of the world, such as a mail server: `work` runs there, in an instant. On the way there and
   * back everything may happen that happens in networks: the promise may be rejected though `work` has run.
   */
  ask<T>(whom: string, what: string, work: () => T): Promise<T>
}

/** Something that a client wants. Whether it has got it he finds out by asking again with the same message. */
export interface Request {
  /** A client of the system. */
  readonly by: string
  /** When, in ms of virtual time. */
  readonly at: number
  readonly command: () => Command
  /** In ms. Default 5,000. */
  readonly timeout?: number
  /** Whether it may be refused, or fail with an error that its contract does not declare. Default false. */
  readonly mayFail?: boolean
}

/** The services that consume in order. */
export function orderedServices({ services }: World): readonly string[] {
  return Object.keys(services).filter((name) => services[name]?.bus?.ordered === true)
}
