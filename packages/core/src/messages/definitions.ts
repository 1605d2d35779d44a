import type { DeclaredErrorClass, ErrorSpec } from './declared-error.ts'
import type { Cause, Command, Event, Message } from './message.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

/** Turns the payload of an older version into the next one's: `{ 1: (v1) => v2, 2: (v2) => v3 }`. */
export type Upcasters = Readonly<Record<number, (payload: never) => unknown>>

/** A message as it comes off the wire or out of a table: its payload is JSON that nobody has checked yet. */
export interface Envelope extends Omit<Message, 'payload' | 'kind' | 'key'> {
  readonly payload: unknown
}

interface MessageDefinition<T extends string> {
  readonly type: T
  readonly domain: string
  readonly version: number
  readonly payloadSchema: StandardSchemaV1
}

/** Makes commands of one kind, and knows all that the contract says about them. */
export interface CommandDefinition<
  T extends string = string,
  I = never,
  P = unknown,
  R = unknown,
  A extends string = string,
> extends MessageDefinition<T> {
  /** @throws {ValidationFailed} when the payload does not fit; all faults are listed */
  (payload: I, cause?: Cause): Command<T, P, R, A>
  readonly kind: 'command'
  readonly allow: readonly A[]
  readonly errors: Readonly<Record<string, DeclaredErrorClass>>
  /** Absent when the command gives nothing. */
  readonly resultSchema: StandardSchemaV1 | undefined
  /**
   * The command in an envelope, brought up to the current version and validated.
   * @throws {ValidationFailed}
   * @throws {PosthornError} `UnknownVersion`
   */
  receive(envelope: Envelope): Command<T, P, R, A>
  /** @throws {ValidationFailed} when the result does not fit the contract */
  result(value: unknown): R
}

/** Makes events of one kind, and knows all that the contract says about them. */
export interface EventDefinition<T extends string = string, I = never, P = unknown>
  extends MessageDefinition<T> {
  /** @throws {ValidationFailed} when the payload does not fit; all faults are listed */
  (payload: I, cause?: Cause): Event<T, P>
  readonly kind: 'event'
  /** A private event never leaves its domain. */
  readonly private: boolean
  /**
   * The event in an envelope, brought up to the current version and validated.
   * @throws {ValidationFailed}
   * @throws {PosthornError} `UnknownVersion`
   */
  receive(envelope: Envelope): Event<T, P>
}

// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every definition's input in a type parameter's bound
export type AnyCommandDefinition = CommandDefinition<string, any, any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyEventDefinition = EventDefinition<string, any, any>

/** The messages that a definition makes. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every definition's input in a type parameter's bound
export type MessageOf<D extends (...args: any[]) => Message> = ReturnType<D>

export interface CommandSpec<
  I extends StandardSchemaV1 = StandardSchemaV1,
  O extends StandardSchemaV1 = StandardSchemaV1,
  E extends ErrorSpecs = ErrorSpecs,
  A extends string = string,
> {
  readonly kind: 'command'
  readonly input: I
  readonly output: O | undefined
  readonly errors: E
  readonly allow: readonly A[]
  readonly key: ((payload: never) => string) | undefined
  readonly version: number
  readonly from: Upcasters
}

export type ErrorSpecs = Readonly<Record<string, StandardSchemaV1 | ErrorSpec>>

export interface EventSpec<S extends StandardSchemaV1 = StandardSchemaV1> {
  readonly kind: 'event'
  readonly payload: S
  readonly private: boolean
  readonly key: ((payload: never) => string) | undefined
  readonly version: number
  readonly from: Upcasters
}
