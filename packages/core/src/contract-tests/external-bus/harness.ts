import type { Broker, BrokerPromises, Frame } from '../../external-bus/broker.ts'
import type { ExternalBusOptions } from '../../external-bus/bus-settings.ts'
import type { ExternalBus } from '../../external-bus/external-bus.ts'
import type { PlanOptions } from '../../external-bus/plan-system.ts'
import type { System } from '../../messages/define-system.ts'

/** The runner's own `test`. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** What a transport provides so that the suite can run on it. */
export interface ExternalBusHarness {
  readonly promises: BrokerPromises
  /** Which part is sent of the thousands of messages that some tests are about, above 0 to 1. Default 1: all. */
  readonly scale?: number
  /**
   * A fresh broker, or a fresh part of one, provisioned with the system's plan. With `selfDeclare` there are only the
   * vhosts, users and permissions of the plan: no exchange, queue or binding.
   */
  world(system: System, options?: Omit<PlanOptions, 'namespace'>): Promise<World>
}

/** A system on a fresh broker, for one test. */
export interface World {
  /** A bus that is not started yet. What it speaks of is the world's system unless another is given. */
  bus<const D extends string>(
    domain: D,
    options?: Partial<Omit<ExternalBusOptions, 'domain' | 'broker' | 'namespace'>>,
  ): ExternalBus<D>
  /** The transport itself, as this user. */
  broker(user: string): Broker
  /** The name of a domain's vhost in this world. */
  vhost(domain: string): string
  /**
   * Publishes a frame as it is, with its properties and no other, as a client does that is none of ours. Rejects when
   * the broker refuses or returns it.
   */
  inject(user: string, domain: string, frame: Frame): Promise<void>
  /** The dead letters of a queue in a domain's vhost, oldest first. They stay. */
  deadLetters(domain: string, queue: string): Promise<readonly Frame[]>
  /** Breaks all connections of a user; its links repair themselves. */
  disconnect(user: string): Promise<void>
  /** Stops all buses that are still running, and removes the world. */
  stop(): Promise<void>
}

/** Registers tests that each run in a world of their own. */
export type WorldTest = (
  name: string,
  run: (world: World) => Promise<void>,
  options?: Pick<PlanOptions, 'selfDeclare' | 'ordered'>,
) => void

export function worldTest(test: TestFunction, harness: ExternalBusHarness, system: System): WorldTest {
  return (name, run, options) => {
    test(name, async () => {
      const world = await harness.world(system, options)
      try {
        await run(world)
      } finally {
        await world.stop()
      }
    })
  }
}
