import { actor } from './actor.ts'
import { checkRequest } from './check-simulation.ts'
import { FaultSchedule } from './fault-schedule.ts'
import { RandomLatency } from './latency.ts'
import { Ledger } from './ledger.ts'
import { ObservedRun } from './observed-run.ts'
import type { Outcome, RunOptions } from './outcome.ts'
import { Outside } from './outside.ts'
import { STREAM } from './plan.ts'
import { Population } from './population.ts'
import { seeded } from './random.ts'
import { Referee } from './referee.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { SimulatedClient } from './simulated-client.ts'
import { Trace } from './trace.ts'
import { enterVirtualTime } from './virtual-time.ts'
import { orderedServices, type Request } from './world.ts'

/** After the last fault and the last answer all must be quiet in so much virtual time, in µs. */
const QUIET_WITHIN = 1_200_000_000

const MOST_STEPS = 200_000

/** Runs one seed's simulation, which nothing outside can disturb: it is over before the event loop has its turn. */
export class Run {
  readonly #options: RunOptions
  readonly #ledger = new Ledger()
  readonly #latency: RandomLatency
  readonly #scheduler: Scheduler
  readonly #broker: SimulatedBroker
  readonly #outside: Outside
  readonly #population: Population
  readonly #faults: FaultSchedule
  readonly #referee: Referee
  #clients: readonly SimulatedClient[] = []
  #requests: readonly Request[] = []
  #calmSince = 0
  readonly #scriptErrors: unknown[] = []
  #lastError: unknown

  constructor(options: RunOptions) {
    const { world, plan, seed, omitted, invariants, onStep } = options
    this.#options = options
    this.#latency = new RandomLatency(seeded(seed, STREAM.latency), omitted.calm)
    this.#scheduler = new Scheduler(new Trace(seed, onStep), this.#latency, (step) =>
      this.#faults.inject(step),
    )
    const scheduler = this.#scheduler
    const broken = (invariant: string, what: unknown) => this.#referee.break(invariant, String(what))
    this.#broker = new SimulatedBroker(plan, scheduler, (user, frame) => {
      const accepted = this.#ledger.accept(user, frame)
      if (accepted === undefined) return
      scheduler.trace.mix(accepted.messageId)
      this.#referee.check((checks, observed) => checks.onAccepted?.(accepted, observed))
    })
    this.#outside = new Outside(scheduler)
    this.#population = new Population({
      world,
      scheduler,
      broker: this.#broker,
      outside: this.#outside,
      watchStore: (service) => ({
        raised: (ids) => this.#ledger.raise(ids),
        committed: (written, handling) => {
          const commit = this.#ledger.commit(service, written, handling)
          this.#referee.check((checks, observed) => checks.onCommit?.(commit, observed))
        },
      }),
      onAsked: (done) => void this.#ledger.outside.push(done),
      onFailure: ({ reason, error }) => {
        if (reason === 'bus-fault') broken('the bus has no faults of its own', error)
      },
      onError: (error) => {
        this.#lastError = error
      },
      onStoppedTooEarly: (name) => broken('a stop leaves nothing under way', `${name} has transactions open`),
      onLateCall: (what) => broken('every call settles by its deadline', what),
      onNotStarted: (error) => broken('services start', error),
    })
    this.#faults = new FaultSchedule(SIMULATION, options, {
      scheduler,
      broker: this.#broker,
      outside: this.#outside,
      population: this.#population,
      onHappened: () => {
        this.#calmSince = scheduler.now
      },
    })
    const { stores } = this.#population
    const ordered = new Set(orderedServices(world))
    const facts = {
      system: world.system,
      ordered,
      ledger: this.#ledger,
      faults: this.#faults.happened,
      stores,
    }
    this.#referee = new Referee(
      invariants,
      new ObservedRun(facts, () => this.#unrest()),
      ({ invariant, what }) => scheduler.note(SIMULATION, `BROKEN: ${invariant}: ${what}`),
    )
  }

  async run(): Promise<Outcome> {
    const { seed, stacks } = this.#options
    const leave = enterVirtualTime(seed, this.#scheduler, stacks)
    try {
      this.#begin()
      await this.#scheduler.run(() => this.#isOver()).catch((error) => this.#onThrown(error))
      this.#referee.check((checks, observed) => checks.atRest?.(observed))
    } finally {
      leave()
    }
    for (const error of this.#scriptErrors) throw error
    const { trace, steps, now } = this.#scheduler
    return {
      seed,
      violation: this.#referee.violation,
      trace,
      steps,
      time: now / 1_000,
      faults: this.#faults.happened,
      requests: this.#requests.length,
      draws: this.#latency.draws,
      lastError: this.#lastError,
    }
  }

  #begin(): void {
    const { world, seed, omitted } = this.#options
    this.#population.begin(seeded(seed, STREAM.world))
    this.#clients = world.system.clients.map(
      (name) => new SimulatedClient(name, world, this.#scheduler, this.#broker, this.#ledger),
    )
    for (const client of this.#clients) client.start()
    this.#requests = world.script(seeded(seed, STREAM.script))
    this.#requests.forEach((request, index) => {
      checkRequest(request, world.system)
      if (omitted.requests.has(index)) return
      const client = this.#clients.find(({ actor: { name } }) => name === request.by)
      client?.plan(request, (error) => this.#scriptErrors.push(error))
    })
  }

  /** By code that nobody waits for, such as a timer's. */
  #onThrown(error: unknown): void {
    this.#referee.break('no error goes unheard', error instanceof Error ? error.message : String(error))
  }

  #isOver(): boolean {
    const scheduler = this.#scheduler
    if (this.#scriptErrors.length > 0) return true
    if (this.#referee.violation !== null || scheduler.steps > MOST_STEPS) return true
    if (this.#clients.some(({ isDone }) => !isDone)) {
      this.#calmSince = scheduler.now
      return false
    }
    if (scheduler.now > this.#calmSince + QUIET_WITHIN) return true
    // Faults that were planned for steps that never come are not waited for.
    return scheduler.inFlight === 0 && this.#unrest().next().done === true
  }

  *#unrest(): Generator<string> {
    yield* this.#population.unrest()
    for (const { vhost, name, waiting, out } of this.#broker.inner.queues()) {
      if (waiting.length > 0) yield `${waiting.length} waiting in ${name} of ${vhost}`
      if (out > 0) yield `${out} out from ${name} of ${vhost}`
    }
  }
}

/** Who does what nobody in the world does. */
const SIMULATION = actor('the simulation')
