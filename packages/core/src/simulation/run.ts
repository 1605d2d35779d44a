import { planSystem } from '../external-bus/plan-system.ts'
import type { SystemPlan } from '../external-bus/topology.ts'
import { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import type { Tables } from '../unit-of-work/staged-tables.ts'
import { type Actor, actor } from './actor.ts'
import { type FaultName, type Faulty, faults } from './faults.ts'
import type { Checks, Observed } from './invariant.ts'
import { randomLatency } from './latency.ts'
import { Ledger } from './ledger.ts'
import type { Outcome, RunOptions, Violation } from './outcome.ts'
import { type Omitted, type PlannedFault, STREAM } from './plan.ts'
import { seeded } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { SimulatedClient } from './simulated-client.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { Trace } from './trace.ts'
import { enterVirtualTime } from './virtual-time.ts'
import type { Request, World } from './world.ts'

/** After the last fault and the last answer all must be quiet in so much virtual time, in µs. */
const QUIET_WITHIN = 1_200_000_000

const MOST_STEPS = 200_000

const plans = new WeakMap<World, SystemPlan>()

/** Runs one seed's simulation, which nothing outside can disturb: it is over before the event loop has its turn. */
export class Run {
  readonly #world: World
  readonly #seed: number
  readonly #omitted: Omitted
  readonly #faults: readonly PlannedFault[]
  readonly #scheduler: Scheduler
  readonly #latency: ReturnType<typeof randomLatency>
  readonly #broker: SimulatedBroker
  readonly #stores = new Map<string, { readonly store: InMemoryStore; readonly actor: Actor }>()
  readonly #ledger = new Ledger()
  readonly #checks: readonly { readonly name: string; readonly checks: Checks }[]
  readonly #injected = new Map<FaultName, number>()
  #processes: SimulatedProcess[] = []
  #clients: SimulatedClient[] = []
  #requests: readonly Request[] = []
  #violation: Violation | null = null
  #seen: Observed | undefined
  #starting = 0
  #calmSince = 0
  #nextFault = 0

  constructor({ world, seed, invariants, faults: planned, omitted, onStep }: RunOptions) {
    this.#world = world
    this.#seed = seed
    this.#omitted = omitted
    this.#faults = planned
    this.#checks = invariants.map(({ name, make }) => ({ name, checks: make() }))
    this.#latency = randomLatency(seeded(seed, STREAM.latency), omitted.calm)
    this.#scheduler = new Scheduler(new Trace(onStep), this.#latency, (step) => this.#injectFaults(step))
    this.#broker = new SimulatedBroker(
      planOf(world),
      this.#scheduler,
      (who) => this.#scheduler.clockOf(who),
      (user, frame) => {
        const accepted = this.#ledger.accept(user, frame)
        if (accepted === undefined) return
        this.#scheduler.trace.mix(accepted.messageId)
        this.#check((checks, observed) => checks.onAccepted?.(accepted, observed))
      },
    )
  }

  async run(): Promise<Outcome> {
    const leave = enterVirtualTime(this.#seed, this.#scheduler)
    try {
      this.#begin()
      await this.#scheduler.run(() => this.#isOver())
      this.#check((checks, observed) => checks.atRest?.(observed))
    } catch (error) {
      this.#break('the simulation itself', `${error instanceof Error ? error.stack : String(error)}`)
    } finally {
      leave()
    }
    const { trace, steps, now } = this.#scheduler
    return {
      seed: this.#seed,
      violation: this.#violation,
      trace,
      steps,
      time: now / 1_000,
      faults: this.#injected,
      requests: this.#requests.length,
      draws: this.#latency.draws,
    }
  }

  #begin(): void {
    const { services, system } = this.#world
    const scheduler = this.#scheduler
    const random = seeded(this.#seed, STREAM.world)
    for (const [domain, { instances = 1 }] of Object.entries(services)) {
      const store = actor(`${domain}'s store`)
      const clock = scheduler.clockOf(store)
      this.#stores.set(domain, { store: new InMemoryStore({ clock }), actor: store })
      const count = typeof instances === 'number' ? instances : instances(random)
      for (let i = 1; i <= count; i++) this.#start(domain, count === 1 ? domain : `${domain} ${i}`, 0)
    }
    this.#clients = system.clients.map(
      (name) => new SimulatedClient(name, this.#world, scheduler, this.#broker, this.#ledger),
    )
    for (const client of this.#clients) client.start()
    this.#requests = this.#world.script(seeded(this.#seed, STREAM.script))
    this.#requests.forEach((request, index) => {
      if (this.#omitted.requests.has(index)) return
      const client = this.#clients.find(({ actor: { name } }) => name === request.by)
      if (client === undefined)
        throw new Error(`The script asks by ${request.by}, which is no client of the system`)
      client.plan(request)
    })
  }

  #start(domain: string, name: string, after: number): void {
    const stored = this.#stores.get(domain)
    if (stored === undefined) return
    this.#starting += 1
    const { store, actor: storeActor } = stored
    const process = new SimulatedProcess({
      world: this.#world,
      domain,
      name,
      scheduler: this.#scheduler,
      broker: this.#broker,
      store,
      storeActor,
      onCommitted: (written) => this.#committed(domain, written),
      onStoppedTooEarly: () =>
        this.#break('a stop leaves nothing under way', `${name} has transactions open`),
      onAsked: (done) => void this.#ledger.outside.push(done),
      onFailure: ({ reason, error }) => {
        if (reason === 'bus-fault') this.#break('the bus has no faults of its own', String(error))
      },
    })
    this.#scheduler.after(process.actor, after, 'starts', () => {
      this.#starting -= 1
      this.#processes.push(process)
      process.start().catch((error) => this.#break('services start', String(error)))
    })
  }

  #committed(service: string, written: Tables): void {
    const commit = this.#ledger.commit(service, written)
    this.#check((checks, observed) => checks.onCommit?.(commit, observed))
  }

  #injectFaults(step: number): void {
    for (;;) {
      const fault = this.#faults[this.#nextFault]
      if (fault === undefined || fault.step > step) return
      const index = this.#nextFault
      this.#nextFault += 1
      if (!this.#omitted.faults.has(index)) this.#inject(fault)
    }
  }

  #inject({ name, stream }: PlannedFault): void {
    const scheduler = this.#scheduler
    const faulty: Faulty = {
      scheduler,
      broker: this.#broker,
      processes: this.#processes.filter(({ actor: { alive } }) => alive),
      replace: (process, how, after) => this.#replace(process, how, after),
    }
    const what = faults[name](faulty, seeded(this.#seed, stream))
    if (what !== null) scheduler.note(FAULTS, what)
    this.#injected.set(name, (this.#injected.get(name) ?? 0) + 1)
    this.#calmSince = scheduler.now
  }

  #replace(process: SimulatedProcess, how: 'crash' | 'stop', after: number): void {
    const next = () => {
      this.#processes = this.#processes.filter((other) => other !== process)
      this.#start(process.domain, process.actor.name, after)
    }
    if (how === 'crash') {
      process.end()
      next()
      return
    }
    this.#scheduler.after(process.actor, 0, 'stops', () => {
      void process.stop().then(() => {
        if (this.#processes.includes(process)) next()
      })
    })
  }

  #isOver(): boolean {
    const scheduler = this.#scheduler
    if (this.#violation !== null || scheduler.steps > MOST_STEPS) return true
    if (this.#clients.some(({ isDone }) => !isDone)) {
      this.#calmSince = scheduler.now
      return false
    }
    if (scheduler.now > this.#calmSince + QUIET_WITHIN) return true
    // Faults that were planned for steps that never come are not waited for.
    return scheduler.inFlight === 0 && this.#leftovers(true).length === 0
  }

  #leftovers(first = false): readonly string[] {
    const left: string[] = []
    const add = (count: number, what: string) => {
      if (count > 0) left.push(`${count} ${what}`)
    }
    add(this.#starting, 'processes that start')
    for (const [domain, { store }] of this.#stores) {
      if (store.queue.size > 0) add(store.queue.size, `in the outbox of ${domain}`)
      if (first && left.length > 0) return left
    }
    for (const process of this.#processes) add(process.busy, `under way in ${process.actor.name}`)
    if (first && left.length > 0) return left
    for (const { vhost, name, waiting, out } of this.#broker.inner.queues()) {
      add(waiting, `waiting in ${name} of ${vhost}`)
      add(out, `out from ${name} of ${vhost}`)
    }
    return left
  }

  #check(look: (checks: Checks, observed: Observed) => string | undefined): void {
    if (this.#violation !== null) return
    const observed = this.#observed
    for (const { name, checks } of this.#checks) {
      try {
        const what = look(checks, observed)
        if (what !== undefined) this.#break(name, what)
      } catch (error) {
        this.#break(name, error instanceof Error ? error.message : String(error))
      }
    }
  }

  get #observed(): Observed {
    this.#seen ??= this.#observe()
    return this.#seen
  }

  #observe(): Observed {
    const leftovers = () => this.#leftovers()
    return {
      system: this.#world.system,
      ledger: this.#ledger,
      faults: this.#injected,
      stores: new Map([...this.#stores].map(([name, { store }]) => [name, store])),
      get leftovers() {
        return leftovers()
      },
    }
  }

  #break(invariant: string, what: string): void {
    if (this.#violation !== null) return
    this.#violation = { invariant, what }
    this.#scheduler.note(FAULTS, `BROKEN: ${invariant}: ${what}`)
  }
}

const FAULTS = actor('the simulation')

function planOf(world: World): SystemPlan {
  const known = plans.get(world)
  if (known !== undefined) return known
  const ordered = Object.entries(world.services).flatMap(([name, { bus }]) =>
    bus?.ordered === true ? [name] : [],
  )
  const made = planSystem(world.system, { ordered })
  plans.set(world, made)
  return made
}
