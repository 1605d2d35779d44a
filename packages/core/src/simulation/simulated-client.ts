import { PosthornError } from '../errors.ts'
import { createExternalBus } from '../external-bus/connected-external-bus.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import { reachableDomains } from '../external-bus/reachable-domains.ts'
import { type Actor, actor } from './actor.ts'
import type { Answer, Asked, Ledger } from './ledger.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { Request, World } from './world.ts'

const TIMEOUT = 5_000
/** Who does not know what became of his request asks again, after a pause that doubles, in ms. */
const FIRST_PAUSE = 200
const LONGEST_PAUSE = 10_000
/** With the pauses some minutes, which is longer than all faults of a run can last. */
const MOST_ATTEMPTS = 25

/** A client of the system: it asks what the script says, until it knows the answer, and hears what it subscribes to. */
export class SimulatedClient {
  readonly actor: Actor
  readonly #scheduler: Scheduler
  readonly #bus: ExternalBus
  readonly #ledger: Ledger
  readonly #names: SimulatedBroker['names']
  #connected: Promise<void> = Promise.resolve()
  #open = 0

  constructor(name: string, world: World, scheduler: Scheduler, broker: SimulatedBroker, ledger: Ledger) {
    const { system } = world
    this.actor = actor(name)
    this.#scheduler = scheduler
    this.#ledger = ledger
    this.#names = broker.names
    this.#bus = createExternalBus({
      domain: name,
      system,
      broker: broker.connect(name, this.actor),
      instance: name,
      clock: scheduler.clockOf(this.actor),
      onError: () => undefined,
    })
    this.#bus.registerDomains(...reachableDomains(name, system))
    for (const event of system.subscriptions.get(name) ?? []) {
      this.#bus.registerEventHandlers(event, async (received) => ledger.receive(name, received))
    }
  }

  /** Whether everything that it is to ask has been answered. */
  get isDone(): boolean {
    return this.#open === 0
  }

  start(): void {
    this.#scheduler.after(this.actor, 0, 'starts', () => {
      this.#connected = this.#connect()
    })
  }

  /** @param onThrown told of what the request's own code has thrown */
  plan(request: Request, onThrown: (error: unknown) => void): void {
    this.#open += 1
    this.#scheduler.after(this.actor, request.at, null, () => {
      void this.#connected
        .then(() => this.#ask(request))
        .catch(onThrown)
        .finally(() => {
          this.#open -= 1
        })
    })
  }

  async #connect(): Promise<void> {
    for (;;) {
      try {
        await this.#bus.start()
        return
      } catch {
        await this.#pause(FIRST_PAUSE)
      }
    }
  }

  async #ask({ command: make, timeout = TIMEOUT, mayFail = false }: Request): Promise<void> {
    const command = make()
    const name = this.#names.message(command.type.replace(/^.*\./, ''), command.id)
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      this.#scheduler.note(this.actor, `asks for ${name} ${JSON.stringify(command.payload)}`)
      const asked: Asked = {
        by: this.actor.name,
        command,
        askedAt: this.#scheduler.now / 1_000,
        timeout,
        answeredAt: null,
        answer: null,
        attempts: attempt,
        mayFail,
      }
      this.#ledger.asked.push(asked)
      asked.answer = await this.#answer(command, timeout)
      asked.answeredAt = this.#scheduler.now / 1_000
      this.#scheduler.note(this.actor, `${name}: ${describe(asked.answer)}`)
      if (asked.answer.ok || !isOpen(asked.answer)) return
      await this.#pause(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)))
    }
  }

  async #answer(command: Asked['command'], timeout: number): Promise<Answer> {
    try {
      // The compiler cannot know which client this is.
      return { ok: true, result: await this.#bus.call(command as never, { timeout }) }
    } catch (error) {
      const outcome = error instanceof PosthornError ? (error.outcome ?? 'failed') : 'failed'
      return { ok: false, error, outcome }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.after(this.actor, ms, null, resolve))
  }
}

/** It may have been done, or could be done yet. */
function isOpen({ error, outcome }: Answer & { readonly ok: false }): boolean {
  return outcome === 'unknown' || (error instanceof PosthornError && error.retryable) || isRemote(error)
}

function isRemote(error: unknown): boolean {
  return error instanceof Error && error.name === 'RemoteError'
}

function describe(answer: Answer): string {
  if (answer.ok) return JSON.stringify(answer.result) ?? 'done'
  const { code, name } = Object(answer.error) as { readonly code?: string; readonly name?: string }
  return `${code ?? name}, ${answer.outcome}`
}
