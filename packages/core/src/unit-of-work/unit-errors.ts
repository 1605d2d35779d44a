import { PosthornError } from '../errors.ts'

/** The errors that every store raises alike. Those of a conflict mean that nothing was written. */

export function concurrencyConflict(repository: string, id: string): PosthornError<'ConcurrencyConflict'> {
  return new PosthornError(
    'ConcurrencyConflict',
    `${repository} ${id} was changed by another unit of work; try again with a fresh one`,
    { outcome: 'failed', retryable: true, details: { repository, id } },
  )
}

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

export function unitEnded(state: string, cause?: unknown): PosthornError<'UnitEnded'> {
  return new PosthornError('UnitEnded', `The unit of work is ${state}; begin another one`, {
    outcome: 'not-executed',
    cause,
  })
}

export function readOnlyUnit(cause?: unknown): PosthornError<'ReadOnlyUnit'> {
  return new PosthornError('ReadOnlyUnit', 'The unit of work is read-only; nothing was written', {
    outcome: 'failed',
    cause,
  })
}

export function idempotencyKeyReuse(messageId: string): PosthornError<'IdempotencyKeyReuse'> {
  return new PosthornError(
    'IdempotencyKeyReuse',
    `Message ${messageId} was handled before with another body; an id stands for one message`,
    { outcome: 'refused', details: { messageId } },
  )
}

export function notClaimed(messageId: string): PosthornError<'NotClaimed'> {
  return new PosthornError(
    'NotClaimed',
    `Message ${messageId} was not claimed in this unit of work; claim it first`,
  )
}
