import assert from 'node:assert/strict'
import type { AnyCommandDefinition, AnyEventDefinition, MessageOf } from '../messages/definitions.ts'
import type { Command, Event, Message } from '../messages/message.ts'

/** How an error is told apart: by its class, or by the `code` of a `PosthornError`. */
export type ExpectedError = string | (abstract new (...args: never[]) => Error)

type Ended<T> = { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: unknown }

/**
 * What came of a `when`: plain values to assert on with whatever one likes, and assertions of its own, which throw
 * `node:assert`'s errors and can be chained. Messages are the same when their types and payloads are.
 */
export class Outcome<T = unknown> {
  /** All that was raised, published and sent, in the order in which it was made. */
  readonly messages: readonly Message[]
  readonly #ended: Ended<T>

  constructor(ended: Ended<T>, messages: readonly Message[]) {
    this.#ended = ended
    this.messages = messages
  }

  /** What it gave. @throws what it threw instead */
  get result(): T {
    if (!this.#ended.ok) throw this.#ended.error
    return this.#ended.result
  }

  /** What it threw, if it did. */
  get error(): unknown {
    return this.#ended.ok ? undefined : this.#ended.error
  }

  /** The payloads of the events of one kind that were raised. */
  raised<E extends AnyEventDefinition>(event: E): readonly MessageOf<E>['payload'][] {
    return this.#payloads(event)
  }

  /** The payloads of the commands of one kind that were sent. */
  sent<C extends AnyCommandDefinition>(command: C): readonly MessageOf<C>['payload'][] {
    return this.#payloads(command)
  }

  /** That it gave this. @throws an assertion error of Node, or what it threw instead */
  gives(expected: T): this {
    assert.deepEqual(this.result, expected)
    return this
  }

  /** That it raised these events, in this order, and no others. @throws an assertion error of Node, or what it threw instead */
  raises(...events: readonly Event[]): this {
    return this.#expect('event', events)
  }

  /** That it sent these commands, in this order, and no others. @throws an assertion error of Node, or what it threw instead */
  sends(...commands: readonly Command[]): this {
    return this.#expect('command', commands)
  }

  /** That it threw such an error. With `data`, that a declared error carries this. @throws an assertion error of Node */
  fails(expected: ExpectedError, data?: unknown): this {
    const name = typeof expected === 'string' ? expected : expected.name
    assert(!this.#ended.ok, `It should have failed with ${name}, and gave a result`)
    const { error } = this.#ended
    const { code, data: carried } = Object(error) as { readonly code?: unknown; readonly data?: unknown }
    const isExpected = typeof expected === 'string' ? code === expected : error instanceof expected
    if (!isExpected)
      throw new assert.AssertionError({ message: `It failed otherwise than with ${name}: ${error}` })
    if (data !== undefined) assert.deepEqual(carried, data)
    return this
  }

  #expect(kind: Message['kind'], expected: readonly Message[]): this {
    if (!this.#ended.ok) throw this.#ended.error
    const seen = this.messages.filter((message) => message.kind === kind)
    assert.deepEqual(seen.map(comparable), expected.map(comparable))
    return this
  }

  #payloads<D extends AnyCommandDefinition | AnyEventDefinition>({
    type,
  }: D): readonly MessageOf<D>['payload'][] {
    return this.messages.filter((message) => message.type === type).map(({ payload }) => payload)
  }
}

function comparable({ type, payload }: Message) {
  return { type, payload }
}
