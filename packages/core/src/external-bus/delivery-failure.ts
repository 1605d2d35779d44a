import type { Incoming } from './broker.ts'
import type { EffectiveSender } from './sender.ts'

/** A delivery that did not end well, for the log: the only place that sees the error itself. */
export interface DeliveryFailure {
  readonly queue: string
  /** The properties `type` and `message_id`, made fit for a log. */
  readonly type: string | null
  readonly messageId: string | null
  readonly caller: string | null
  readonly attempt: number
  /**
   * Why: the code of a refusal, `handler-failed`, `attempts-exhausted`, `declared-error`,
   * `refused`, `reply-failed`, `bus-fault`.
   */
  readonly reason: string
  /** What was done about it. */
  readonly action: 'retry' | 'dead-letter' | 'requeue' | 'answer' | 'drop'
  /** What the caller was told to ask for. */
  readonly errorId: string | null
  readonly error: unknown
}

export type FailureListener = (failure: DeliveryFailure) => void

export function describeFailure(
  queue: string,
  incoming: Incoming,
  sender: EffectiveSender | null,
  rest: Pick<DeliveryFailure, 'reason' | 'action' | 'error'> & { readonly errorId?: string },
): DeliveryFailure {
  const { type, messageId } = incoming.frame.properties
  return {
    queue,
    type: type === undefined ? null : printable(type),
    messageId: messageId === undefined ? null : printable(messageId),
    caller: sender?.caller ?? null,
    attempt: sender?.attempt ?? 1,
    errorId: null,
    ...rest,
  }
}

/** What a stranger wrote, fit for a line of a log. */
export function printable(text: string): string {
  return text.slice(0, 256).replace(/[^\x20-\x7e]/g, '?')
}

/** Unless the bus is given a listener of its own: a warning of the process. */
export function logFailure({ error, ...facts }: DeliveryFailure): void {
  process.emitWarning(`${facts.reason}, ${facts.action}: ${JSON.stringify(facts)}`, {
    type: 'PosthornDeliveryFailure',
    code: facts.reason,
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error ?? ''),
  })
}
