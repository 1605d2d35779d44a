import type { Inbox, InboxKey } from '../inbox/inbox.ts'
import type { Command, Event, Message, SendableBy } from '../messages/message.ts'
import type { Outbox, OutboxEntry } from '../outbox/outbox.ts'

/**
 * A unit of work is one transaction with its repositories and adapters. Everything in it happens or nothing does, and
 * what it raises and sends becomes visible only when it has committed.
 *
 * This is what a handler sees: it cannot commit, because the bus does, once, around it. `R` holds the repositories and
 * adapters, `D` is the domain's name.
 */
export type UnitOfWork<R extends object = object, D extends string = string> = R & UnitScope<D>

interface UnitScope<D extends string> extends Savepoints {
  /** Aborted when the unit's deadline has passed or its owner gave up. */
  readonly signal: AbortSignal
  /** 1 on the first try; each retry of a conflict has a fresh unit and one more. */
  readonly attempt: number
  /** Puts a command into the outbox: sent after the commit, never answered. One's own domain's run in this process. */
  send<C extends Command>(command: C & SendableBy<C, D>): void
  /** Raises an event that no aggregate raised. */
  publish(event: Event): void
}

/** Where savepoints can be taken: a unit of work, or the work inside another savepoint. */
export interface Savepoints {
  /**
   * Work that may fail alone: its writes are undone, the unit goes on. What it changed in aggregates stays, with their
   * events: they are written at commit. What the unit writes elsewhere meanwhile is undone with it.
   *
   * Savepoints are taken one after another, or one inside another through `inner`.
   * @throws {PosthornError} `SavepointOverlap`
   */
  savepoint<T>(work: (inner: Savepoints) => Promise<T>): Promise<T>
}

/** What a unit outside a handler has in addition. Unless `commit` was called and succeeded, disposal rolls back. */
export interface UnitControl extends AsyncDisposable {
  readonly state: UnitState
  /**
   * Writes all changes, the inbox results and, last, the outbox, in one transaction. Public events and sent commands
   * go to the broker; local handlers are the business of the bus, not of a unit outside it.
   * @throws {PosthornError} `ConcurrencyConflict`, `SerializationConflict`, `ConnectionLost` (all three: nothing was
   * written), `AggregateExists`, `ReadOnlyUnit`, `ForeignMessage`, `CommitOutcomeUnknown`, `UnitEnded`
   */
  commit(): Promise<void>
  rollback(): Promise<void>
  /** The events of this unit in the order raised, once; empty unless committed. */
  collectNewEvents(): readonly Event[]
}

/** `lost`: its connection has gone, and nothing of it will be written. */
export type UnitState = 'active' | 'committed' | 'rolled-back' | 'lost'

/** How one transaction is to be run. */
export interface UnitOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
  /** Units with the same key run one after another, whatever they touch. */
  readonly lockKey?: string
  /** How long to wait for a connection, in ms. Default 5,000. @throws `AcquireTimeout` */
  readonly acquireTimeout?: number
  /** Longest single statement, in ms. Default 10,000. */
  readonly statementTimeout?: number
  /** Longest wait for a lock, in ms. Default 5,000. */
  readonly lockTimeout?: number
  /** Longest silence inside the transaction, in ms. Default 30,000. */
  readonly idleTimeout?: number
  readonly signal?: AbortSignal
}

/** How often, and after what pause, a conflict is tried again: full jitter between 0 and `min(cap, base · 2^n)` ms. */
export interface RetryPolicy {
  readonly attempts: number
  readonly base: number
  readonly cap: number
}

/** How the message bus begins a unit. */
export interface BeginOptions extends UnitOptions {
  readonly attempt?: number
  /** What it is begun for, for whoever watches. */
  readonly handling?: Handling
  /** What its inbox will be asked for first. A store may find out while it begins, and undoes it with the unit. */
  readonly claim?: { readonly key: InboxKey; readonly fingerprint: string } | undefined
}

/** A message that a handler handles. */
export interface Handling {
  readonly handler: string
  readonly messageId: string
}

/** Begins units of work; see {@link UnitOfWork}. Safe to share: each unit has a transaction of its own. */
export interface UnitsOfWork<R extends object = object, D extends string = string> {
  /** `await using unit = await units.start()`, then `await unit.commit()`. No retry. */
  start(options?: UnitOptions): Promise<UnitOfWork<R, D> & UnitControl>
  /** Commits when `work` returns, rolls back when it throws, and retries conflicts, each time with a fresh unit. */
  run<T>(
    work: (unit: UnitOfWork<R, D>) => Promise<T>,
    options?: UnitOptions & { readonly retry?: RetryPolicy },
  ): Promise<T>
  /** For the message bus. */
  begin(options?: BeginOptions): Promise<Transaction<R, D>>
}

/**
 * What a store provides and the message bus drives: one transaction. `start` and `run` are made of it.
 *
 * Order of flush at `commit`: aggregates by id, inbox outcomes, outbox last: the row lock is then held before an outbox
 * position is drawn, so positions of one aggregate's messages are in the order of their commits.
 */
export interface Transaction<R extends object = object, D extends string = string> {
  readonly unit: UnitOfWork<R, D>
  readonly state: UnitState
  readonly inbox: Inbox
  readonly outbox: Outbox
  /** What was raised, published and sent since the last call, in the order in which the messages were made. */
  takeMessages(): readonly Message[]
  /** Writes and commits. Gives the outbox entries as stored. Throws as {@link UnitControl.commit}. */
  commit(): Promise<readonly OutboxEntry[]>
  /** Never throws; a no-op once ended. */
  rollback(): Promise<void>
}
