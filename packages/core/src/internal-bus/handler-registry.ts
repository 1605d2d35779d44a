import { PosthornError } from '../errors.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import type { Event } from '../messages/message.ts'
import { COMMAND_HANDLER } from '../outbox/outbox-record.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import type { AnyEventHandler, HandlerContext, Outgoing } from './handlers.ts'

/** A handler as the bus calls it. */
export type Handler<R extends object> = UnitHandler<R> | OutgoingHandler

interface UnitHandler<R extends object> {
  /** The name under which its unfinished work stands in the outbox. */
  readonly name: string
  /** The name for people, logs and the inbox. */
  readonly fullName: string
  readonly transaction: 'own' | 'shared'
  readonly handle: (message: never, unit: UnitOfWork<R>, context: HandlerContext) => unknown
}

interface OutgoingHandler extends Omit<UnitHandler<object>, 'transaction' | 'handle'> {
  readonly transaction: 'none'
  readonly handle: (message: never, outgoing: Outgoing, context: HandlerContext) => unknown
}

interface Tables {
  readonly commands: Readonly<Record<string, unknown>>
  readonly events?: Readonly<Record<string, unknown>> | undefined
  readonly subscriptions?: Readonly<Record<string, unknown>> | undefined
}

/** The three tables of handlers, looked up by wire name. */
export interface HandlerRegistry<R extends object> {
  readonly domain: string
  readonly commands: ReadonlyMap<string, AnyCommandDefinition>
  readonly events: ReadonlyMap<string, AnyEventDefinition>
  readonly subscribed: ReadonlyMap<string, AnyEventDefinition>
  commandHandler(type: string): UnitHandler<R> | undefined
  eventHandlers(type: string): readonly Handler<R>[]
  /** The handler of a stored entry. @throws {PosthornError} `NoHandler` when it has been renamed or removed */
  named(type: string, name: string): Handler<R>
}

/** @throws {PosthornError} `InvalidDefinition` when the tables and the contract do not match */
export function handlerRegistry<R extends object>(
  domain: Domain,
  subscribes: readonly AnyEventDefinition[],
  tables: Tables,
): HandlerRegistry<R> {
  const commands = byType(Object.values(domain.commands))
  const events = byType(Object.values(domain.events))
  const subscribed = byType(subscribes)
  checkComplete(domain.name, 'command', Object.keys(domain.commands), Object.keys(tables.commands))
  checkComplete(domain.name, 'subscription', [...subscribed.keys()], Object.keys(tables.subscriptions ?? {}))
  checkKnown(domain.name, 'event', Object.keys(domain.events), Object.keys(tables.events ?? {}))

  const commandHandlers = new Map<string, UnitHandler<R>>()
  for (const [name, handle] of Object.entries(tables.commands)) {
    const type = `${domain.name}.${name}`
    checkCallable(type, handle)
    commandHandlers.set(type, {
      name: COMMAND_HANDLER,
      fullName: type,
      transaction: 'own',
      handle: handle as UnitHandler<R>['handle'],
    })
  }
  const eventHandlers = new Map<string, readonly Handler<R>[]>()
  for (const [name, handlers] of Object.entries(tables.events ?? {})) {
    const type = `${domain.name}.${name}`
    eventHandlers.set(type, listHandlers<R>(type, handlers))
  }
  for (const [type, handlers] of Object.entries(tables.subscriptions ?? {})) {
    eventHandlers.set(type, listHandlers<R>(type, handlers))
  }

  return {
    domain: domain.name,
    commands,
    events,
    subscribed,
    commandHandler: (type) => commandHandlers.get(type),
    eventHandlers: (type) => eventHandlers.get(type) ?? [],
    named: (type, name) => {
      const handler = commands.has(type)
        ? commandHandlers.get(type)
        : eventHandlers.get(type)?.find((candidate) => candidate.name === name)
      if (handler !== undefined) return handler
      throw new PosthornError(
        'NoHandler',
        `No handler ${name} for ${type} in ${domain.name}; if it was renamed, keep the old name until its entries are gone`,
        { details: { type, handler: name } },
      )
    },
  }
}

type AnyHandler<R extends object> = AnyEventHandler<Event, R, string, object>

function listHandlers<R extends object>(type: string, handlers: unknown): readonly Handler<R>[] {
  return Object.entries((handlers ?? {}) as Readonly<Record<string, AnyHandler<R>>>).map(
    ([name, handler]) => {
      const names = { name, fullName: `${type}/${name}` }
      checkCallable(names.fullName, typeof handler === 'object' ? handler?.handle : handler)
      // Each handler was checked against its own message's type where the table was written.
      return (typeof handler === 'function'
        ? { ...names, transaction: 'own', handle: handler }
        : { ...names, ...handler }) as unknown as Handler<R>
    },
  )
}

function byType<D extends { readonly type: string }>(definitions: readonly D[]): ReadonlyMap<string, D> {
  return new Map(definitions.map((definition) => [definition.type, definition]))
}

function checkComplete(
  domain: string,
  what: string,
  wanted: readonly string[],
  given: readonly string[],
): void {
  checkKnown(domain, what, wanted, given)
  const missing = wanted.filter((name) => !given.includes(name))
  if (missing.length === 0) return
  throw new PosthornError(
    'InvalidDefinition',
    `${domain} has no ${what} handler for ${missing.join(', ')}; add it`,
  )
}

function checkCallable(fullName: string, handle: unknown): void {
  if (typeof handle === 'function') return
  throw new PosthornError('InvalidDefinition', `The handler of ${fullName} is no function; write one`)
}

function checkKnown(domain: string, what: string, wanted: readonly string[], given: readonly string[]): void {
  const surplus = given.filter((name) => !wanted.includes(name))
  if (surplus.length === 0) return
  throw new PosthornError(
    'InvalidDefinition',
    `${domain} has ${what} handlers for ${surplus.join(', ')}, which its contract or subscriptions do not name`,
  )
}
