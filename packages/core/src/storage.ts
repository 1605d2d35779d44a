/**
 * `@posthorn/core/storage`: for those who write a store (Postgres' is `@posthorn/uow-drizzle`). Services need none of
 * it.
 */
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
export type { AggregateMapping, AggregateRows, GetOptions, Row } from './unit-of-work/repository.ts'
export type { Transaction, UnitControl, UnitState } from './unit-of-work/unit-of-work.ts'
