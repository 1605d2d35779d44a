import type { InboxStore, OutboxQueue, UnitsOfWork } from '@posthorn/core'

/** Where a service keeps what it knows. */
export interface Storage<R extends object = object, D extends string = string> {
  readonly units: UnitsOfWork<R, D>
  readonly outbox: OutboxQueue
  readonly inbox: InboxStore
  /** Brings the tables up to date. */
  start(): Promise<void>
  /** Waits `patience` ms for what is running, then closes. */
  stop(patience?: number): Promise<void>
}
