import { createExternalBus } from '../external-bus/connected-external-bus.ts'
import type { DeliveryFailure } from '../external-bus/delivery-failure.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import type { Relay } from '../outbox/relay.ts'
import type { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import { InMemoryStore as Store } from '../unit-of-work/in-memory-store.ts'
import { type Actor, actor } from './actor.ts'
import { failureTexts } from './failure-texts.ts'
import { joinService } from './join-service.ts'
import type { Outside } from './outside.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { SimulatedDoor, type StoreWatcher } from './simulated-door.ts'
import { WatchedCalls } from './watched-calls.ts'
import type { ServiceParts, World } from './world.ts'

/** What a process of a service is made of. */
export interface ProcessOptions {
  readonly world: World
  readonly domain: string
  readonly name: string
  readonly scheduler: Scheduler
  readonly broker: SimulatedBroker
  readonly outside: Outside
  readonly store: InMemoryStore
  readonly storeActor: Actor
  readonly watchStore: (domain: string) => StoreWatcher
  readonly onFailure: (failure: DeliveryFailure) => void
  /** Told of every error that the process itself has caught. */
  readonly onError: (error: unknown) => void
  /** It has stopped with work under way, and has not said so. */
  readonly onStoppedTooEarly: (name: string) => void
  readonly onLateCall: (what: string) => void
  readonly onAsked: (done: { readonly by: string; readonly whom: string; readonly what: string }) => void
}

const STOP_DEADLINE = 8_000
const RELAY_DEADLINE = 10_000

/** One process of a service, from its start until it crashes or stops. */
export class SimulatedProcess {
  readonly actor: Actor
  readonly domain: string
  readonly door: SimulatedDoor
  /** How many answers from outside it waits for. */
  asking = 0
  readonly #options: ProcessOptions
  readonly #externalBus: ExternalBus
  readonly #calls: WatchedCalls
  readonly #host: Parameters<World['services'][string]['start']>[0]
  #parts: ServiceParts | undefined
  #relay: Relay | undefined
  #isStopping = false

  constructor(options: ProcessOptions) {
    const {
      world,
      domain,
      name,
      scheduler,
      broker,
      outside,
      store,
      storeActor,
      watchStore,
      onFailure,
      onAsked,
    } = options
    this.actor = actor(name)
    this.domain = domain
    this.#options = options
    this.door = new SimulatedDoor(scheduler, this.actor, storeActor, watchStore(domain))
    const clock = scheduler.clockOf(this.actor)
    this.#externalBus = createExternalBus({
      ...world.services[domain]?.bus,
      domain,
      system: world.system,
      broker: broker.connect(domain, this.actor),
      instance: name,
      clock,
      onError: (failure) => {
        this.#noteFailure(
          failure.type?.replaceAll(/^\w+:|\.v\d+$/g, '') ?? 'a frame',
          failure.error ?? failure.reason,
        )
        onFailure(failure)
      },
    })
    this.#calls = new WatchedCalls(scheduler, this.actor, options.onLateCall)
    this.#host = {
      name,
      store: new Store({ of: store, door: this.door }),
      externalBus: this.#calls.on(this.#externalBus),
      clock,
      ask: (whom, what, work) => outside.ask(this, whom, what, work, () => onAsked({ by: name, whom, what })),
    }
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** What it does at present, and has not finished. */
  get busy(): number {
    const { handling } = this.#externalBus.health()
    return handling + this.#calls.open + (this.#parts?.bus.inFlight ?? 1)
  }

  async start(): Promise<void> {
    const { world, domain } = this.#options
    const { clock, externalBus } = this.#host
    const parts = await world.services[domain]?.start(this.#host)
    if (parts === undefined) return
    this.#parts = parts
    this.#relay = await joinService(parts, externalBus, {
      clock,
      onError: (error, entry) => this.#noteFailure(entry?.message.type ?? 'the relay', error),
    })
    await this.#connect()
  }

  /** As a service stops that is asked to. */
  async stop(): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    const { scheduler } = this.#options
    const begun = scheduler.now
    await this.#relay?.stop({ deadline: RELAY_DEADLINE })
    // A relay does not tell what it has given up: it is passed on again later. In whole µs, which add up exactly.
    const gaveUp = scheduler.now - begun >= RELAY_DEADLINE * 1_000
    const lost = await this.#externalBus.stop({ deadline: STOP_DEADLINE })
    const abandoned = (await this.#parts?.bus.stop({ deadline: STOP_DEADLINE })) ?? []
    await this.#parts?.bus[Symbol.asyncDispose]()
    const named = gaveUp || lost.length + abandoned.length > 0
    if (this.door.open + this.asking > 0 && !named) this.#options.onStoppedTooEarly(this.actor.name)
    this.end()
  }

  /** It is no more, and nothing of what it knew but the store. */
  end(): void {
    const { scheduler, broker, storeActor } = this.#options
    broker.reset(this.actor)
    this.actor.alive = false
    // What it has sent still arrives.
    scheduler.send(this.actor, storeActor, 'connection reset', () => this.door.cut())
  }

  /** Whom it told is known by its author only; so it stands in the trace. */
  #noteFailure(what: string, error: unknown): void {
    const { scheduler, onError } = this.#options
    onError(error)
    for (const text of failureTexts(what, error)) scheduler.note(this.actor, text)
  }

  async #connect(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#externalBus.start()
        return
      } catch {
        await new Promise<void>((resolve) => this.#host.clock.after(500, resolve))
      }
    }
  }
}
