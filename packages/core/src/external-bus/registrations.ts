import { PosthornError } from '../errors.ts'
import type { System } from '../messages/define-system.ts'
import type { AnyCommandDefinition, AnyEventDefinition, CommandDefinition } from '../messages/definitions.ts'
import type { CommandReceiver, EventReceiver } from './external-bus.ts'

/** Any handler, once the definition beside it has been forgotten by the compiler. */
export type AnyEventReceiver = EventReceiver<AnyEventDefinition>
export type AnyCommandReceiver = CommandReceiver<AnyCommandDefinition>

/** What a bus was told before its start: domains to connect to, handlers, and callers beyond the contract's. */
export class Registrations {
  readonly #self: string
  readonly #system: System
  readonly #domains = new Set<string>()
  readonly #events = new Map<string, readonly AnyEventReceiver[]>()
  readonly #commands = new Map<string, AnyCommandReceiver>()
  readonly #widened = new Map<string, Set<string>>()

  constructor(self: string, system: System) {
    this.#self = self
    this.#system = system
  }

  get domains(): readonly string[] {
    return [...this.#domains]
  }

  get servesCommands(): boolean {
    return this.#commands.size > 0
  }

  /** Callers that the contract does not name, by command. */
  get widened(): readonly { readonly type: string; readonly caller: string }[] {
    return [...this.#widened].flatMap(([type, callers]) => [...callers].map((caller) => ({ type, caller })))
  }

  addDomains(names: readonly string[]): void {
    for (const name of names) {
      if (!this.#system.domains.has(name)) {
        throw new PosthornError(
          'UnknownDomain',
          `${name} is not a domain of the system, so nobody can connect to it`,
        )
      }
      if (name === this.#self)
        throw ownMessage(`${name} is this bus's own domain, to which it always connects`)
    }
    for (const name of names) this.#domains.add(name)
  }

  addEventHandlers(event: AnyEventDefinition, handlers: readonly AnyEventReceiver[]): void {
    if (event.domain === this.#self) {
      throw ownMessage(`${event.type} is an event of ${this.#self} itself: handle it on the internal bus`)
    }
    const subscribed = this.#system.subscriptions.get(this.#self)?.some(({ type }) => type === event.type)
    if (subscribed !== true) {
      throw new PosthornError(
        'NotSubscribed',
        `${this.#self} does not subscribe to ${event.type}; add it to the subscriptions of the system`,
      )
    }
    this.addDomains([event.domain])
    const all = new Set([...this.eventHandlers(event.type), ...handlers])
    if (all.size > 0) this.#events.set(event.type, [...all])
  }

  setCommandHandler(
    command: AnyCommandDefinition,
    handler: AnyCommandReceiver,
    allow: readonly string[],
  ): void {
    this.allow(command, allow)
    this.#commands.set(command.type, handler)
  }

  allow(command: AnyCommandDefinition, callers: readonly string[]): void {
    if (command.domain !== this.#self) {
      throw new PosthornError(
        'ForeignMessage',
        `${command.type} belongs to ${command.domain}; ${this.#self} can neither handle it nor permit it`,
      )
    }
    const widened = this.#widened.get(command.type) ?? new Set()
    for (const caller of callers) {
      if (!this.#isOtherMember(caller)) {
        throw new PosthornError(
          'UnknownDomain',
          `${command.type} cannot allow ${caller}, which is no other domain or client of the system`,
        )
      }
      if (!(command.allow as readonly string[]).includes(caller)) widened.add(caller)
    }
    if (widened.size > 0) this.#widened.set(command.type, widened)
  }

  eventHandlers(type: string): readonly AnyEventReceiver[] {
    return this.#events.get(type) ?? []
  }

  handlesEventsOf(domain: string): boolean {
    return [...this.#events.keys()].some((type) => type.startsWith(`${domain}.`))
  }

  commandHandler(type: string): AnyCommandReceiver | undefined {
    return this.#commands.get(type)
  }

  /** The contract's callers and those added. */
  callersOf(command: CommandDefinition): readonly string[] {
    const widened = this.#widened.get(command.type)
    return widened === undefined ? command.allow : [...command.allow, ...widened]
  }

  #isOtherMember(name: string): boolean {
    return name !== this.#self && (this.#system.domains.has(name) || this.#system.clients.includes(name))
  }
}

function ownMessage(message: string): PosthornError<'OwnMessage'> {
  return new PosthornError('OwnMessage', message)
}
