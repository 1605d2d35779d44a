import type { Domain } from '../messages/define-domain.ts'
import type { AnyEventDefinition, MessageOf } from '../messages/definitions.ts'
import type { Command, Event, ResultOf } from '../messages/message.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** What a handler is told about its message besides the message. */
export interface HandlerContext {
  /** The authenticated domain or client that sent it; the own domain for what was handled in this process. */
  readonly caller: string
  /** True when an earlier delivery may have reached a handler. */
  readonly redelivered: boolean
  /** 1 on the first try. */
  readonly attempt: number
  /** Aborted when the time for handling is over or the bus stops. */
  readonly signal: AbortSignal
}

export type CommandHandler<C extends Command, R extends object, D extends string> = (
  command: C,
  unit: UnitOfWork<R, D>,
  context: HandlerContext,
) => Gives<ResultOf<C>> | Promise<Gives<ResultOf<C>>>

/** A command without output has a handler that returns nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is a return type, given a name
type Gives<R> = [R] extends [undefined] ? void : R

export type EventHandler<E extends Event, R extends object, D extends string> = (
  event: E,
  unit: UnitOfWork<R, D>,
  context: HandlerContext,
) => unknown

/** What a handler without a transaction has instead of a unit: its outcome goes out in a unit of its own afterwards. */
export type Outgoing<D extends string = string> = Pick<UnitOfWork<object, D>, 'publish' | 'send'>

/**
 * Which transaction an event handler wants.
 *
 * - a plain function: a fresh unit of its own, after the commit that raised the event.
 * - {@link shared}: the raising unit, before its commit. Its failure undoes everything. For views that must never lag.
 * - {@link detached}: none, after the commit. For I/O such as mail or a remote call; what it publishes or sends goes
 *   out when it has returned. It may run again after a crash.
 */
export type AnyEventHandler<E extends Event, R extends object, D extends string> =
  | EventHandler<E, R, D>
  | SharedHandler<E, R, D>
  | DetachedHandler<E, D>

/** What {@link shared} makes. */
export interface SharedHandler<E extends Event, R extends object, D extends string> {
  readonly transaction: 'shared'
  readonly handle: EventHandler<E, R, D>
}

/** What {@link detached} makes. */
export interface DetachedHandler<E extends Event, D extends string> {
  readonly transaction: 'none'
  readonly handle: (event: E, outgoing: Outgoing<D>, context: HandlerContext) => unknown
}

/** Runs the handler inside the unit that raised the event, before its commit. */
export function shared<E extends Event, R extends object, D extends string>(
  handle: EventHandler<E, R, D>,
): SharedHandler<E, R, D> {
  return { transaction: 'shared', handle }
}

/** Runs the handler after the commit with no transaction open. */
export function detached<E extends Event, D extends string>(
  handle: (event: E, outgoing: Outgoing<D>, context: HandlerContext) => unknown,
): DetachedHandler<E, D> {
  return { transaction: 'none', handle }
}

/** The handlers of one event by name. A name stands in stored rows: renaming one orphans its unfinished work. */
export type EventHandlers<E extends Event, R extends object, D extends string> = Readonly<
  Record<string, AnyEventHandler<E, R, D>>
>

/** One handler for each command of the contract. */
export type CommandTable<Dom extends Domain, R extends object> = {
  readonly [K in keyof Dom['commands']]: Dom['commands'][K] extends ((
    ...args: never[]
  ) => infer C extends Command)
    ? CommandHandler<C, R, Dom['name']>
    : never
}

/** Handlers for the domain's own events, as many as wanted. */
export type EventTable<Dom extends Domain, R extends object> = {
  readonly [K in keyof Dom['events']]?: Dom['events'][K] extends ((...args: never[]) => infer E extends Event)
    ? EventHandlers<E, R, Dom['name']>
    : never
}

/** Handlers for each foreign event subscribed to, by wire name. */
export type SubscriptionTable<S extends AnyEventDefinition, R extends object, D extends string> = {
  readonly [E in S as E['type']]: EventHandlers<MessageOf<E>, R, D>
}
