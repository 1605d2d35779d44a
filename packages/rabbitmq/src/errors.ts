import { PosthornError } from '@posthorn/core'
import type { PosthornErrorOptions } from '@posthorn/core/transport'

/**
 * The codes of the errors that this package raises.
 *
 * - `InvalidConfiguration`: an option or URL cannot be used as it is. Raised before anything is sent.
 * - `BrokerUnreachable`: no connection to the broker, or it was lost on the way; of a message: it waited in vain.
 * - `AccessRefused`: the broker let the user not in: wrong password, no such vhost, no permission for it, or its limit of
 *   connections is reached.
 * - `PermissionNotProvisioned`: an exchange or queue that this user needs is missing, or is not its to use.
 * - `TopologyMismatch`: an object exists with other arguments, or a queue has gone.
 * - `Unroutable`: the broker returned the message; nobody will get it.
 * - `PublishRefused`: the broker answered with a negative confirm; the message may be in some of its queues.
 * - `PublishTimeout`: no confirm in time; the message may have arrived.
 * - `PublishFailed`: the message never left.
 * - `ConnectionLost`: the connection or channel went before the confirm; the message may have arrived.
 * - `ManagementFailed`: the management API could not be reached or refused.
 * - `DeadLetterNotFound`: no such dead letter, or another operator has it in hand.
 * - `DeadLetterTooOld`: older than the inboxes remember; a replay might apply it a second time.
 * - `NotReplayable`: who sent it cannot be verified, so a replay would give it an identity.
 */
export type RabbitMqErrorCode =
  | 'InvalidConfiguration'
  | 'BrokerUnreachable'
  | 'AccessRefused'
  | 'PermissionNotProvisioned'
  | 'TopologyMismatch'
  | 'Unroutable'
  | 'PublishRefused'
  | 'PublishTimeout'
  | 'PublishFailed'
  | 'ConnectionLost'
  | 'ManagementFailed'
  | 'DeadLetterNotFound'
  | 'DeadLetterTooOld'
  | 'NotReplayable'

export function rabbitMqError<C extends RabbitMqErrorCode>(
  code: C,
  message: string,
  options?: PosthornErrorOptions,
): PosthornError<C> {
  return new PosthornError(code, message, options)
}
