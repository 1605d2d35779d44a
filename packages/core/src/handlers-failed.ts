import { PosthornError } from './errors.ts'
import type { HandlerFailure } from './internal-bus/message-bus.ts'
import type { Message } from './messages/message.ts'

/** Some of an event's handlers failed, each for a reason of its own; the others have succeeded. */
export class HandlersFailed extends PosthornError<'HandlersFailed'> {
  /** One for each handler: a handler that is itself a bus, with several handlers, is not among them. */
  readonly failures: readonly HandlerFailure[]

  constructor(event: Pick<Message, 'type' | 'id'>, failed: readonly HandlerFailure[]) {
    const failures = failed.flatMap((one) =>
      one.error instanceof HandlersFailed ? one.error.failures : [one],
    )
    const handlers = failures.map(({ handler }) => handler)
    const errors = failures.map(({ error }) => error)
    super('HandlersFailed', `${event.type} ${event.id} failed in ${handlers.join(', ')}`, {
      outcome: 'failed',
      retryable: !errors.every(isRefusal),
      details: { handlers },
      cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
    })
    this.name = 'HandlersFailed'
    this.failures = failures
  }
}

/**
 * Whether the message itself is refused, so that trying again cannot help: its id stands for another message. Of
 * several handlers all must refuse it; for the others it is worth another try.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof HandlersFailed) return !error.retryable
  return error instanceof PosthornError && error.code === 'IdempotencyKeyReuse'
}
