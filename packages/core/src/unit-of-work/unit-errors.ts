import { PosthornError } from '../errors.ts'

/*
 * The errors that every store raises alike. Those of a conflict mean that nothing was written.
 */

/** An aggregate was changed by another unit since this one read it. */
export function concurrencyConflict(repository: string, id: string): PosthornError<'ConcurrencyConflict'> {
  return new PosthornError(
    'ConcurrencyConflict',
    `${repository} ${id} was changed by another unit of work; try again with a fresh one`,
    { outcome: 'failed', retryable: true, details: { repository, id } },
  )
}

/** Postgres could not put two transactions in an order, or they waited for each other. */
export function serializationConflict(
  reason: string,
  cause?: unknown,
): PosthornError<'SerializationConflict'> {
  return new PosthornError('SerializationConflict', `${reason}; try again with a fresh unit of work`, {
    outcome: 'failed',
    retryable: true,
    cause,
  })
}

/** The connection to the store went while a unit was open on it. */
export function storeConnectionLost(): PosthornError<'ConnectionLost'> {
  return new PosthornError('ConnectionLost', 'The connection to the store was lost; nothing was written', {
    outcome: 'failed',
    retryable: true,
  })
}

/** An aggregate was added whose id is taken. */
export function aggregateExists(
  repository: string,
  id: string,
  cause?: unknown,
): PosthornError<'AggregateExists'> {
  return new PosthornError('AggregateExists', `${repository} ${id} exists already`, {
    outcome: 'failed',
    details: { repository, id },
    cause,
  })
}

/** Of an aggregate more was asked for than the part that this unit has read. */
export function partlyLoaded(repository: string, id: string): PosthornError<'PartlyLoaded'> {
  return new PosthornError(
    'PartlyLoaded',
    `Only a part of ${repository} ${id} was read in this unit of work; read all of it before, or in a unit of its own`,
    { outcome: 'failed', details: { repository, id } },
  )
}

/** Something was asked of a unit that has committed, rolled back or lost its connection. */
export function unitEnded(state: string, cause?: unknown): PosthornError<'UnitEnded'> {
  return new PosthornError('UnitEnded', `The unit of work is ${state}; begin another one`, {
    outcome: 'not-executed',
    cause,
  })
}

/** A savepoint was taken, or the unit was to commit, while another savepoint was open. */
export function savepointOverlap(): PosthornError<'SavepointOverlap'> {
  return new PosthornError(
    'SavepointOverlap',
    'Another savepoint of this unit of work is open, or the own one has ended; take savepoints one after another, ' +
      'or one inside another through what its work is given',
  )
}

/** A unit that only reads was asked to write. */
export function readOnlyUnit(cause?: unknown): PosthornError<'ReadOnlyUnit'> {
  return new PosthornError('ReadOnlyUnit', 'The unit of work is read-only; nothing was written', {
    outcome: 'failed',
    cause,
  })
}

/** A message's id came before with another body or type. */
export function idempotencyKeyReuse(messageId: string): PosthornError<'IdempotencyKeyReuse'> {
  return new PosthornError(
    'IdempotencyKeyReuse',
    `Message ${messageId} was handled before with another body; an id stands for one message`,
    { outcome: 'refused', details: { messageId } },
  )
}

/** An outcome was recorded for a message that this unit has not claimed. */
export function notClaimed(messageId: string): PosthornError<'NotClaimed'> {
  return new PosthornError(
    'NotClaimed',
    `Message ${messageId} was not claimed in this unit of work; claim it first`,
  )
}
