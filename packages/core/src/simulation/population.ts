import { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import { type Actor, actor, storeName } from './actor.ts'
import type { Random } from './random.ts'
import { type ProcessOptions, SimulatedProcess } from './simulated-process.ts'

type Shared = Pick<
  ProcessOptions,
  | 'world'
  | 'scheduler'
  | 'broker'
  | 'outside'
  | 'watchStore'
  | 'onFailure'
  | 'onError'
  | 'onStoppedTooEarly'
  | 'onLateCall'
  | 'onAsked'
>

/** All that a population needs of its run. */
export interface PopulationOptions extends Shared {
  readonly onNotStarted: (error: unknown) => void
}

interface Storage {
  readonly store: InMemoryStore
  readonly actor: Actor
}

/** The services of a world: their stores, which stay, and their processes, which come and go. */
export class Population {
  readonly stores: ReadonlyMap<string, InMemoryStore>
  readonly #options: PopulationOptions
  readonly #storages: ReadonlyMap<string, Storage>
  #processes: readonly SimulatedProcess[] = []
  #starting = 0

  constructor(options: PopulationOptions) {
    const { world, scheduler } = options
    this.#options = options
    this.#storages = new Map(
      Object.keys(world.services).map((domain) => {
        const itself = actor(storeName(domain))
        return [domain, { store: new InMemoryStore({ clock: scheduler.clockOf(itself) }), actor: itself }]
      }),
    )
    this.stores = new Map([...this.#storages].map(([domain, { store }]) => [domain, store]))
  }

  /** Those that have started, and may have ended since. */
  get processes(): readonly SimulatedProcess[] {
    return this.#processes
  }

  /** Has the first processes of all services start. */
  begin(random: Random): void {
    for (const [domain, { instances = 1 }] of Object.entries(this.#options.world.services)) {
      const count = typeof instances === 'number' ? instances : instances(random)
      for (let i = 1; i <= count; i++) this.#start(domain, count === 1 ? domain : `${domain} ${i}`, 0)
    }
  }

  /** Has a process end, suddenly or in order, and another one come after it, in ms. */
  replace(process: SimulatedProcess, how: 'crash' | 'stop', after: number): void {
    const next = () => {
      this.#processes = this.#processes.filter((other) => other !== process)
      this.#start(process.domain, process.actor.name, after)
    }
    if (how === 'crash') {
      process.end()
      next()
      return
    }
    this.#options.scheduler.after(process.actor, 0, 'stops', () => {
      void process.stop().then(() => {
        if (this.#processes.includes(process)) next()
      })
    })
  }

  /** What is not at rest. */
  *unrest(): Iterable<string> {
    if (this.#starting > 0) yield `${this.#starting} processes that start`
    for (const [domain, { queue }] of this.stores) {
      if (queue.size > 0) yield `${queue.size} in the outbox of ${domain}`
    }
    for (const { busy, actor } of this.#processes) if (busy > 0) yield `${busy} under way in ${actor.name}`
  }

  #start(domain: string, name: string, after: number): void {
    const storage = this.#storages.get(domain)
    if (storage === undefined) return
    this.#starting += 1
    const { scheduler, onNotStarted } = this.#options
    const { store, actor: storeActor } = storage
    const process = new SimulatedProcess({ ...this.#options, domain, name, store, storeActor })
    scheduler.after(process.actor, after, 'starts', () => {
      this.#starting -= 1
      this.#processes = [...this.#processes, process]
      process.start().catch(onNotStarted)
    })
  }
}
