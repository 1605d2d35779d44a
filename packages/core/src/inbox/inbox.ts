/**
 * The inbox remembers which message a handler has applied, in that handler's own transaction: a second delivery finds
 * the first one's outcome instead of running again. (The outbox is its mirror: what a transaction must still tell.)
 */
export interface Inbox {
  /**
   * Claims a message for a consumer within this unit; the claim commits or vanishes with it. While another unit holds
   * the same claim this waits for its end.
   *
   * @param fingerprint of the body; the same id with another body is somebody's mistake
   * @throws {PosthornError} `IdempotencyKeyReuse`
   */
  claim(key: InboxKey, fingerprint: string): Promise<InboxClaim>
  /**
   * Stores the outcome of a message claimed in this unit, to be written at commit before the outbox.
   * @throws {PosthornError} `NotClaimed`
   */
  record(key: InboxKey, outcome: HandledOutcome): void
}

/** Which message, for whom. */
export interface InboxKey {
  /** What handles it: `commands`, or the name of an event's handler. */
  readonly consumer: string
  /** The verified sender, so that nobody can use up another's ids. */
  readonly source: string
  readonly messageId: string
}

/** Whether a message is new to its consumer. */
export type InboxClaim =
  | { readonly first: true }
  /** Applied before; `outcome` is what it came to. */
  | { readonly first: false; readonly outcome: HandledOutcome }

/** What handling came to: JSON of the result, or the declared error. */
export type HandledOutcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly name: string; readonly data: unknown } }

/** The inbox as its keeper sees it. */
export interface InboxStore {
  /** Forgets what was applied longer ago than `age` ms (default 14 days), in batches. Gives how many. */
  purge(age?: number): Promise<number>
}
