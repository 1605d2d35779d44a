import type { Message } from '../messages/message.ts'

/**
 * The outbox holds the messages of committed transactions until they have been passed on. (The inbox is its mirror: it
 * remembers what has been received.) An entry is for the broker, or for one local handler of an event.
 *
 * Guaranteed: an entry exists exactly when its transaction committed; it is passed on at least once; broker entries
 * with the same key in the order of their commits.
 */
export interface Outbox {
  /** Rows for this unit to write, last, in one statement. */
  add(...records: readonly OutboxRecord[]): void
  /**
   * Deletes an entry within this unit, waiting for whoever holds it. False when it has gone: it was handled already,
   * and this unit must do nothing.
   */
  strikeOff(position: string): Promise<boolean>
}

/** An entry to be written. */
export interface OutboxRecord {
  readonly message: Message
  /** The local handler that must run, or null for the broker. */
  readonly handler: string | null
  /** Entries with the same key keep their order; null has no order. */
  readonly key: string | null
  /** How many messages long the chain is that led here; chains are bounded. */
  readonly depth: number
}

/** A message as stored: its payload as the JSON text that will go over the wire. */
export type StoredMessage = Omit<Message, 'payload' | 'key'> & { readonly body: string }

/** A stored message that still has to be passed on, to the broker or to one local handler. */
export interface OutboxEntry {
  /** Opaque; unique and, within a key, growing. */
  readonly position: string
  readonly message: StoredMessage
  readonly handler: string | null
  readonly key: string | null
  readonly depth: number
  /** How often passing it on has failed. */
  readonly attempts: number
}

/** What passing one entry on came to. `retryable: false` makes it a dead letter at once. */
export type Settlement =
  | { readonly position: string; readonly ok: true }
  | { readonly position: string; readonly ok: false; readonly error: unknown; readonly retryable: boolean }

/** The outbox as a relay sees it. Any number of relays, in any number of processes, may share one. */
export interface OutboxQueue {
  /**
   * Takes up to `limit` due broker entries, oldest first, and gives them to `deliver`, perhaps in parts: it may be called
   * with the next part before it has settled the one before, and keeps the order of each key across them. What it
   * settles as ok is gone; what failed is due again later and until then blocks its key, no other; what it does not
   * mention stays as it was. This settles once every call of `deliver` has.
   *
   * Only one relay delivers at a time: when another one does, `deliver` is not called and `busy` is true. A store may
   * give the queue to another relay when one call of `deliver` takes longer than 4 s.
   *
   * @param except the domains to which nothing can be passed on at present: their entries wait, others go ahead
   */
  deliver(
    limit: number,
    deliver: (entries: readonly OutboxEntry[]) => Promise<readonly Settlement[]>,
    except?: readonly string[],
  ): Promise<{ readonly busy: boolean; readonly taken: number }>
  /**
   * Takes local entries that nobody has handled: those older than the grace of 2 s or due for a retry. Each is leased
   * for `lease` ms, in which nobody else is given it. Strike it off in the unit that handles it.
   */
  takeLocal(limit: number, lease: number): Promise<readonly OutboxEntry[]>
  /**
   * Keeps a local entry from others for `lease` ms, for a handler without a transaction. False when it has gone, or
   * somebody else has it.
   */
  lease(position: string, lease: number): Promise<boolean>
  /**
   * Handling a local entry failed: it is due again after a growing pause, and dead after the last attempt; with
   * `retryable` false at once. After a `HandlerTimeout` it keeps its lease, since the handler may be running still.
   *
   * @param retryable default true
   */
  fail(position: string, error: unknown, retryable?: boolean): Promise<void>
  depth(): Promise<OutboxDepth>
  deadLetters(limit?: number): Promise<readonly DeadLetter[]>
  /** Makes a dead letter due again, attempts at 0. False when there is none at that position. */
  replay(position: string): Promise<boolean>
  /** Called in this process after each commit that wrote broker entries. Gives the function that ends it. */
  onAdded(listener: () => void): () => void
}

/** How much an outbox holds. */
export interface OutboxDepth {
  readonly broker: number
  readonly local: number
  readonly dead: number
  /** Age of the oldest entry that is not dead, in ms; 0 when empty. */
  readonly oldest: number
}

/** An entry given up on, with the reason; it can be replayed. */
export interface DeadLetter extends OutboxEntry {
  readonly reason: string
  readonly diedAt: string
}
