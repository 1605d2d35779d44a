import type { Clock } from '../clock.ts'
import { createExternalBus } from '../external-bus/connected-external-bus.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import type { InMemoryBroker } from '../external-bus/in-memory-broker.ts'
import type { System } from '../messages/define-system.ts'
import type { Relay } from '../outbox/relay.ts'
import { joinService } from '../simulation/join-service.ts'
import type { Host, ServiceParts } from '../simulation/world.ts'
import { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import { allTurns } from './all-turns.ts'
import { trackedExternalBus } from './tracked-external-bus.ts'
import type { Tracker } from './tracker.ts'

/** What a service under test runs on. A function that joins a service on it can join one for a simulation as well. */
export interface TestHost<D extends string = string> extends Pick<Host, 'store' | 'clock'> {
  readonly externalBus: ExternalBus<D>
}

/**
 * What a service is joined from. With `start` and `stop` it starts itself, its relay and `host.externalBus` included, as a
 * service does that serves HTTP; without them that is the run's business.
 */
export interface TestedParts extends ServiceParts {
  start?(): Promise<unknown>
  stop?(): Promise<unknown>
}

/** Joins a service as its bootstrap does, on what the test provides. What else it gives the test finds in the run. */
export type TestedService<D extends string = string, P extends TestedParts = TestedParts> = (
  host: TestHost<D>,
) => P | Promise<P>

interface RunningServiceOptions {
  readonly domain: string
  readonly service: TestedService
  readonly system: System
  readonly broker: InMemoryBroker
  readonly clock: Clock
  readonly tracker: Tracker
}

/** In ms, of each part. */
const STOP_DEADLINE = 1_000

/** A service from its start to its stop. */
export class RunningService {
  readonly domain: string
  readonly store: InMemoryStore
  readonly externalBus: ExternalBus
  readonly parts: TestedParts
  readonly #clock: Clock
  #relay: Relay | undefined

  private constructor(domain: string, host: TestHost, parts: TestedParts) {
    this.domain = domain
    this.store = host.store
    this.externalBus = host.externalBus
    this.parts = parts
    this.#clock = host.clock
  }

  static async make(options: RunningServiceOptions): Promise<RunningService> {
    const { domain, service, system, broker, clock, tracker } = options
    const bus = createExternalBus({
      domain,
      system,
      broker: broker.connect(domain),
      clock,
      onError: tracker.hearDeliveriesOf(domain),
    })
    const externalBus = trackedExternalBus(bus, system, tracker)
    const host = { store: new InMemoryStore({ clock }), externalBus, clock }
    const parts = await service(host)
    parts.bus.use(tracker.middlewareOf(domain))
    return new RunningService(domain, host, parts)
  }

  /** Whether what it still has to do waits for the clock of the run, so that nothing is missed when that is put forward. */
  get keepsTime(): boolean {
    return this.parts.outbox === this.store.queue
  }

  /** Messages that it handles at present, and answers that it waits for. */
  get busy(): number {
    const { handling, pendingCalls } = this.externalBus.health()
    return handling + pendingCalls + this.parts.bus.inFlight
  }

  async start(): Promise<void> {
    if (this.parts.start === undefined) {
      this.#relay = await joinService(this.parts, this.externalBus, { clock: this.#clock })
      await this.externalBus.start()
      return
    }
    await this.parts.start()
    // One that starts itself may wait for its broker behind its back.
    while (this.externalBus.health().state === 'starting') await allTurns()
  }

  async stop(): Promise<void> {
    if (this.parts.stop !== undefined) {
      await this.parts.stop()
      return
    }
    await this.#relay?.stop({ deadline: STOP_DEADLINE })
    await this.externalBus.stop({ deadline: STOP_DEADLINE })
    const abandoned = await this.parts.bus.stop({ deadline: STOP_DEADLINE })
    // What the bus holds is in use while anything goes on.
    if (abandoned.length === 0) await this.parts.bus[Symbol.asyncDispose]()
  }
}
