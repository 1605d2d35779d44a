import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { createExternalBus } from '../external-bus/connected-external-bus.ts'
import type { CommandReceiver, ExternalBus } from '../external-bus/external-bus.ts'
import type { InMemoryBroker } from '../external-bus/in-memory-broker.ts'
import { reachableDomains } from '../external-bus/reachable-domains.ts'
import type { System } from '../messages/define-system.ts'
import type { AnyCommandDefinition } from '../messages/definitions.ts'
import { trackedExternalBus } from './tracked-external-bus.ts'
import type { Tracker } from './tracker.ts'

interface PlayedOptions {
  readonly system: System
  readonly broker: InMemoryBroker
  readonly clock: Clock
  readonly tracker: Tracker
}

type Answer = (command: never) => unknown

/** The clients, and the domains that have no service: the test plays them. */
export class PlayedMembers {
  readonly buses: ReadonlyMap<string, ExternalBus>
  readonly #tracker: Tracker
  readonly #answers = new Map<string, Answer>()

  constructor(names: readonly string[], options: PlayedOptions) {
    this.#tracker = options.tracker
    this.buses = new Map(names.map((name) => [name, this.#make(name, options)]))
  }

  answer(command: AnyCommandDefinition, answer: Answer): void {
    this.#answers.set(command.type, answer)
  }

  #make(name: string, { system, broker, clock, tracker }: PlayedOptions): ExternalBus {
    const bus = createExternalBus({
      domain: name,
      system,
      broker: broker.connect(name),
      clock,
      // What it does not answer is told below; what it is made to answer with is the test's own affair.
      onError: () => undefined,
    })
    bus.registerDomains(...reachableDomains(name, system))
    for (const command of Object.values(system.domains.get(name)?.commands ?? {})) {
      bus.registerCommandHandler(command, (asked) => this.#take(name, command, asked))
    }
    for (const event of system.subscriptions.get(name) ?? []) {
      bus.registerEventHandlers(event, async () => undefined)
    }
    return trackedExternalBus(bus, system, tracker)
  }

  async #take(
    domain: string,
    definition: AnyCommandDefinition,
    command: Parameters<CommandReceiver<AnyCommandDefinition>>[0],
  ): Promise<unknown> {
    const answer = this.#answers.get(definition.type)
    if (answer !== undefined) return answer(command as never)
    if (definition.resultSchema === undefined || !this.#tracker.isAwaited(command)) return undefined
    const { id: messageId, type } = command
    const error = new PosthornError(
      'NoHandler',
      `The test plays ${domain} and has no answer to ${type}; give it one with \`run.answer\``,
      { details: { type } },
    )
    this.#tracker.fail({ domain, handler: null, type, messageId, attempt: 1, error, told: false })
    throw error
  }
}
