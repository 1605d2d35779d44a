import type { CaughtMail } from '../../running-system/mail-catcher.ts'
import type { TappedEvent } from '../event-tap.ts'
import type { Ending } from '../fleet.ts'
import type { Asked } from '../load/request.ts'
import type { DeadLetter, QueueState } from '../management.ts'

/** All that can be known when everything is quiet: what was asked for, what was told, and what is stored. */
export interface Facts {
  readonly journal: readonly Asked[]
  readonly events: readonly TappedEvent[]
  readonly batches: readonly BatchRow[]
  readonly lines: readonly LineRow[]
  readonly view: readonly ViewRow[]
  readonly inbox: readonly InboxRow[]
  readonly notifications: readonly NotificationRow[]
  readonly facts: readonly FactRow[]
  readonly watching: readonly WatchingRow[]
  readonly mails: readonly CaughtMail[]
  /** Ids of what the warehouse heard, which remembers nothing. */
  readonly warehouse: readonly string[]
  readonly outboxes: readonly OutboxRow[]
  /** Sessions of Postgres: all, and those that are left when half-open connections have been ended. */
  readonly sessions: { readonly all: readonly SessionRow[]; readonly left: readonly SessionRow[] }
  readonly queues: readonly QueueState[]
  /** The queues of the plan, without figures. */
  readonly planned: readonly Omit<QueueState, 'messages'>[]
  readonly deadLetters: readonly DeadLetter[]
  /** Connections to the broker, by user. */
  readonly connections: ReadonlyMap<string, number>
  readonly pendingCalls: number
  readonly endings: readonly Ending[]
  readonly instances: number
  /** In MiB, by instance; after so many seconds of faults. */
  readonly memory: {
    readonly before: readonly number[]
    readonly after: readonly number[]
    readonly seconds: number
  }
  /** What the same requests were answered when they were asked for once more. */
  readonly repeated: readonly { readonly first: Asked; readonly again: Asked }[]
}

export interface BatchRow {
  readonly ref: string
  readonly sku: string
  readonly createdQty: number
  readonly purchasedQty: number
}

export interface LineRow {
  readonly sku: string
  readonly orderId: string
  readonly qty: number
  readonly batchRef: string | null
}

export interface ViewRow extends LineRow {
  readonly version: number
}

export interface InboxRow {
  readonly service: 'allocation' | 'notifications'
  readonly consumer: string
  readonly source: string
  readonly messageId: string
}

export interface NotificationRow {
  readonly id: string
  readonly recipient: string
  readonly causedBy: string
  readonly status: string
}

export interface FactRow {
  readonly orderId: string
  readonly sku: string
  readonly version: number
  readonly eventId: string
}

/** Somebody began to watch an order, or an event of it was learned: one of the two, in the order of the commits. */
export interface WatchingRow {
  readonly orderId: string
  readonly email: string | null
  readonly eventId: string | null
}

export interface OutboxRow {
  readonly service: 'allocation' | 'notifications'
  readonly type: string
  readonly attempts: number
  readonly reason: string | null
  readonly dead: boolean
}

export interface SessionRow {
  readonly service: string
  /** For how many seconds it has done nothing inside a transaction. */
  readonly idle: number
  readonly query: string
}

/** One line of the ledger: what must hold, and where it does not. */
export interface LedgerLine {
  readonly name: string
  /** How many things were looked at. */
  readonly checked: number
  readonly differences: readonly string[]
}
