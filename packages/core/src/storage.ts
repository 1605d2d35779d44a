/**
 * `@posthorn/core/storage`: for those who write a store (Postgres' is `@posthorn/uow-drizzle`). Services need none of
 * it.
 */
export { type Abort, abortOf } from './abort.ts'
export type { HandledOutcome, Inbox, InboxClaim, InboxKey, InboxStore } from './inbox/inbox.ts'
export type {
  DeadLetter,
  Outbox,
  OutboxDepth,
  OutboxEntry,
  OutboxQueue,
  OutboxRecord,
  Settlement,
  StoredMessage,
} from './outbox/outbox.ts'
export {
  failureReason,
  LOCAL_GRACE,
  MAX_ATTEMPTS,
  mayStillRun,
  outboxBackOff,
} from './outbox/outbox-policy.ts'
export { storedMessage } from './outbox/stored-message.ts'
export { type AggregateChange, IdentityMap } from './unit-of-work/identity-map.ts'
export type { AggregateMapping, AggregateRows, GetOptions, Row } from './unit-of-work/repository.ts'
export type { RowChanges } from './unit-of-work/row-changes.ts'
export { type StoredAggregate, trackedRepository } from './unit-of-work/tracked-repository.ts'
export {
  aggregateExists,
  concurrencyConflict,
  idempotencyKeyReuse,
  notClaimed,
  readOnlyUnit,
  serializationConflict,
  unitEnded,
} from './unit-of-work/unit-errors.ts'
export type { Transaction, UnitControl, UnitState } from './unit-of-work/unit-of-work.ts'
export {
  type Factories,
  joinFactories,
  type SessionOptions,
  type TrackedRepository,
  UnitSession,
} from './unit-of-work/unit-session.ts'
export { type UnitsOptions, unitsOfWork } from './unit-of-work/units-of-work.ts'
