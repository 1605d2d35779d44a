/**
 * A message is a command or an event: an immutable fact or request with an identity. Two messages with equal
 * payloads are still two messages; the same id is the same message.
 */
export interface Message<T extends string = string, P = unknown> {
  /** UUIDv7. The message's identity, kept over every hop, retry and replay. */
  readonly id: string
  /** Wire name, `<domain>.<Message>`. */
  readonly type: T
  readonly kind: 'command' | 'event'
  readonly version: number
  /** When it was made: ISO 8601 in UTC with milliseconds. */
  readonly time: string
  /** Deeply frozen, but for Dates and other objects with a `toJSON`. JSON carries it without loss. */
  readonly payload: P
  /** The business transaction: the id of the first message in the chain. */
  readonly correlationId: string
  /** The id of the message that caused this one; null for the first. */
  readonly causationId: string | null
  /** W3C trace context, if any. */
  readonly traceparent: string | null
  /** Messages with the same key keep their order, as the contract's `key` says; null has no order. Not on the wire. */
  readonly key: string | null
}

declare const resultOf: unique symbol
declare const allowedTo: unique symbol

/** A request to one domain. `R` is the result's type and `A` the names of the domains and clients that may call it. */
export interface Command<T extends string = string, P = unknown, R = unknown, A extends string = string>
  extends Message<T, P> {
  readonly kind: 'command'
  /** Only for the compiler. */
  readonly [resultOf]?: readonly [R]
  /** Only for the compiler. */
  readonly [allowedTo]?: readonly A[]
}

/** Something that happened in a domain. */
export interface Event<T extends string = string, P = unknown> extends Message<T, P> {
  readonly kind: 'event'
}

/** The result that a command's handler gives. */
export type ResultOf<C extends Command> = C extends Command<string, unknown, infer R, string> ? R : never

/**
 * `unknown` (no further demand) when the contract allows domain `D` to call command `C`; a type that nothing fits
 * otherwise. A command without `allow` allows nobody.
 */
export type CallableBy<C extends Command, D extends string> = string extends D
  ? unknown
  : C extends Command<string, unknown, unknown, infer A>
    ? [D] extends [A]
      ? unknown
      : { readonly notAllowedTo: D }
    : never

/** As {@link CallableBy}, and the domain's own commands: a unit of work may send these too. */
export type SendableBy<C extends Command, D extends string> =
  C extends Command<`${D}.${string}`> ? unknown : CallableBy<C, D>

/** What a message inherits from the one that caused it. */
export type Cause = Pick<Message, 'id' | 'correlationId' | 'traceparent'>

/** The same message as caused by another: correlation and trace inherited, unless it already has a cause. */
export function causedBy<M extends Message>(message: M, cause: Cause): M {
  if (message.causationId !== null) return message
  return Object.freeze({
    ...message,
    correlationId: cause.correlationId,
    causationId: cause.id,
    traceparent: cause.traceparent,
  })
}
