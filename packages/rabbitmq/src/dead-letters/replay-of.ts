import { type Frame, replayFrame } from '@posthorn/core/transport'
import { rabbitMqError } from '../errors.ts'
import type { ReadLetter } from './dead-letter.ts'
import type { DeadQueue } from './dead-queues.ts'

/** How long inboxes remember unless told otherwise, in ms: 14 days. */
const REMEMBERED = 14 * 24 * 60 * 60 * 1000

/**
 * The copy by which a dead letter comes back into its queue: with the identity that its message had, which its reader
 * may name, and as if it had never been tried.
 *
 * @throws {PosthornError} `NotReplayable`, `DeadLetterTooOld`
 */
export function replayOf(
  { letter, frame, laundered }: ReadLetter,
  queue: DeadQueue,
  maxAge: number = REMEMBERED,
): Frame {
  const details = { id: letter.id, queue: letter.queue, reason: letter.reason }
  if (letter.caller === null || laundered) {
    const why = laundered ? 'has been in queues of others' : 'has no verified sender'
    throw rabbitMqError('NotReplayable', `Dead letter ${letter.id} of ${letter.queue} ${why}; purge it`, {
      details,
    })
  }
  const times = [letter.sentAt, letter.failedAt].filter((time) => time !== null)
  // A sender may claim to be from the future, but not undo when it failed here.
  const age = times.length === 0 ? Infinity : Date.now() - Math.min(...times.map(Date.parse))
  if (age > maxAge) {
    throw rabbitMqError(
      'DeadLetterTooOld',
      `Dead letter ${letter.id} of ${letter.queue} is from ${times.sort()[0] ?? 'nobody knows when'}: what has been ` +
        'applied may be forgotten by now, and a replay apply it again; look, and if need be raise maxAge',
      { details },
    )
  }
  return replayFrame(frame, letter.caller, { queue: queue.name, exchange: queue.exchange })
}
