import { PosthornError } from '../errors.ts'
import type { Domain } from './define-domain.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from './definitions.ts'
import { checkDomainName } from './names.ts'

/** Domains, clients and subscriptions together: the only input of provisioning, and what every external bus knows. */
export interface System {
  readonly domains: ReadonlyMap<string, Domain>
  /** Broker users without a service of their own here. */
  readonly clients: readonly string[]
  /** The public events that each domain or client subscribes to. */
  readonly subscriptions: ReadonlyMap<string, readonly AnyEventDefinition[]>
}

/**
 * Joins contracts into a system.
 *
 * @throws {PosthornError} `InvalidDefinition` for a repeated or bad name, a command that allows a stranger or its own
 * domain, and a subscription to a private event, to one's own, or to one of a domain that is not in the system
 */
export function defineSystem(definition: {
  // biome-ignore lint/suspicious/noExplicitAny: a contract's own types say nothing here
  readonly domains: readonly Domain<string, any, any, any>[]
  readonly clients?: Readonly<Record<string, { readonly subscribes?: readonly AnyEventDefinition[] }>>
  readonly subscriptions?: Readonly<Record<string, readonly AnyEventDefinition[]>>
}): System {
  const domains = new Map<string, Domain>()
  for (const domain of definition.domains) {
    if (domains.has(domain.name)) throw invalid(`Domain ${domain.name} is in the system twice`)
    domains.set(domain.name, domain)
  }
  const clients = Object.keys(definition.clients ?? {})
  for (const client of clients) {
    checkDomainName(client, 'client')
    if (domains.has(client)) throw invalid(`${client} is both a domain and a client`)
  }
  const members = new Set([...domains.keys(), ...clients])
  for (const domain of domains.values()) {
    for (const command of Object.values(domain.commands)) checkAllowed(domain.name, command, members)
  }

  const subscriptions = new Map<string, readonly AnyEventDefinition[]>()
  for (const [name, { subscribes = [] }] of Object.entries(definition.clients ?? {})) {
    subscriptions.set(name, subscribes)
  }
  for (const [name, events] of Object.entries(definition.subscriptions ?? {})) {
    if (!domains.has(name)) throw invalid(`${name} subscribes to events but is no domain of the system`)
    subscriptions.set(name, events)
  }
  for (const [subscriber, events] of subscriptions) {
    for (const event of events) checkSubscription(subscriber, event, domains)
  }
  return Object.freeze({ domains, clients: Object.freeze(clients), subscriptions })
}

function checkAllowed(domain: string, command: AnyCommandDefinition, members: ReadonlySet<string>): void {
  for (const caller of command.allow) {
    if (caller === domain) throw invalid(`${command.type} allows its own domain, which needs no leave`)
    if (!members.has(caller))
      throw invalid(`${command.type} allows ${caller}, which is no domain or client of the system`)
  }
}

function checkSubscription(
  subscriber: string,
  event: AnyEventDefinition,
  domains: ReadonlyMap<string, Domain>,
): void {
  const what = `${subscriber} subscribes to ${event.type}`
  if (event.private) throw invalid(`${what}, which is private`)
  if (event.domain === subscriber) throw invalid(`${what}, its own event: give it a handler instead`)
  if (!domains.has(event.domain)) throw invalid(`${what}, but ${event.domain} is not in the system`)
}

function invalid(message: string): PosthornError<'InvalidDefinition'> {
  return new PosthornError('InvalidDefinition', message)
}
