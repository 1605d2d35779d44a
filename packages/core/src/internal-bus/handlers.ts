import type { Domain } from '../messages/define-domain.ts'
import type { AnyEventDefinition, MessageOf } from '../messages/definitions.ts'
import type { Command, Event, ResultOf } from '../messages/message.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** What a handler is told about its message besides the message. */
export interface HandlerContext<N extends object = object> {
  /** The authenticated domain or client that sent it; the own domain for what was handled in this process. */
  readonly caller: string
  /** True when an earlier delivery may have reached a handler. */
  readonly redelivered: boolean
  /** 1 on the first try. */
  readonly attempt: number
  /** Aborted when the time for handling is over or the bus stops. */
  readonly signal: AbortSignal
  /**
   * What handlers need besides their unit, such as a mailer: what the bus was made with, and over it what this call of
   * `handle` was given. A handler says in its signature what it needs, as `HandlerContext<{ mailer: Mailer }>`.
   */
  readonly dependencies: Readonly<N>
}

export type CommandHandler<C extends Command, R extends object, D extends string, N extends object> = (
  command: C,
  unit: UnitOfWork<R, D>,
  context: HandlerContext<N>,
) => Gives<ResultOf<C>> | Promise<Gives<ResultOf<C>>>

/** A command without output has a handler that returns nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is a return type, given a name
type Gives<R> = [R] extends [undefined] ? void : R

export type EventHandler<E extends Event, R extends object, D extends string, N extends object> = (
  event: E,
  unit: UnitOfWork<R, D>,
  context: HandlerContext<N>,
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
export type AnyEventHandler<E extends Event, R extends object, D extends string, N extends object> =
  | EventHandler<E, R, D, N>
  | SharedHandler<E, R, D, N>
  | DetachedHandler<E, D, N>

/** What {@link shared} makes. */
export interface SharedHandler<
  E extends Event,
  R extends object,
  D extends string,
  N extends object = object,
> {
  readonly transaction: 'shared'
  readonly handle: EventHandler<E, R, D, N>
}

/** What {@link detached} makes. */
export interface DetachedHandler<E extends Event, D extends string, N extends object = object> {
  readonly transaction: 'none'
  readonly handle: (event: E, outgoing: Outgoing<D>, context: HandlerContext<N>) => unknown
}

/** Runs the handler inside the unit that raised the event, before its commit. */
export function shared<E extends Event, R extends object, D extends string, N extends object>(
  handle: EventHandler<E, R, D, N>,
): SharedHandler<E, R, D, N> {
  return { transaction: 'shared', handle }
}

/** Runs the handler after the commit with no transaction open. */
export function detached<E extends Event, D extends string, N extends object>(
  handle: (event: E, outgoing: Outgoing<D>, context: HandlerContext<N>) => unknown,
): DetachedHandler<E, D, N> {
  return { transaction: 'none', handle }
}

/** The handlers of one event by name. A name stands in stored rows: renaming one orphans its unfinished work. */
export type EventHandlers<E extends Event, R extends object, D extends string, N extends object> = Readonly<
  Record<string, AnyEventHandler<E, R, D, N>>
>

/** One handler for each command of the contract. */
export type CommandTable<Dom extends Domain, R extends object, N extends object = object> = {
  readonly [K in keyof Dom['commands']]: Dom['commands'][K] extends ((
    ...args: never[]
  ) => infer C extends Command)
    ? CommandHandler<C, R, Dom['name'], N>
    : never
}

/** Handlers for the domain's own events, as many as wanted. */
export type EventTable<Dom extends Domain, R extends object, N extends object = object> = {
  readonly [K in keyof Dom['events']]?: Dom['events'][K] extends ((...args: never[]) => infer E extends Event)
    ? EventHandlers<E, R, Dom['name'], N>
    : never
}

/** Handlers for each foreign event subscribed to, by wire name. */
export type SubscriptionTable<
  S extends AnyEventDefinition,
  R extends object,
  D extends string,
  N extends object,
> = {
  readonly [E in S as E['type']]: EventHandlers<MessageOf<E>, R, D, N>
}
