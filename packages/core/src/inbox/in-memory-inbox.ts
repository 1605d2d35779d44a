import type { Clock } from '../clock.ts'
import { idempotencyKeyReuse, notClaimed } from '../unit-of-work/unit-errors.ts'
import type { HandledOutcome, Inbox, InboxClaim, InboxKey, InboxStore } from './inbox.ts'

/** A claim as stored in memory; the outcome is JSON, so that it comes back as it would from a database. */
export interface InMemoryClaim {
  readonly fingerprint: string
  readonly receivedAt: number
  readonly outcome: string
}

/** What the inbox needs of the transaction it belongs to. */
export interface InboxRows {
  get(key: string): InMemoryClaim | undefined
  set(key: string, claim: InMemoryClaim): void
  /** Waits for whoever else holds the key. */
  lock(key: string): Promise<void>
}

const APPLIED = JSON.stringify({ ok: true } satisfies Omit<HandledOutcome & { ok: true }, 'result'>)

/** The inbox of one in-memory transaction. */
export function inMemoryInbox(rows: InboxRows, clock: Clock): Inbox {
  const claimed = new Map<string, InMemoryClaim>()
  return {
    async claim(key, fingerprint): Promise<InboxClaim> {
      const id = rowKey(key)
      // What is committed is nobody's any more: only who is the first keeps others waiting.
      if (rows.get(id) === undefined) await rows.lock(id)
      const known = rows.get(id)
      if (known === undefined) {
        const claim = { fingerprint, receivedAt: clock.now(), outcome: APPLIED }
        claimed.set(id, claim)
        rows.set(id, claim)
        return { first: true }
      }
      if (known.fingerprint !== fingerprint) throw idempotencyKeyReuse(key.messageId)
      return { first: false, outcome: JSON.parse(known.outcome) }
    },
    record(key, outcome) {
      const id = rowKey(key)
      const claim = claimed.get(id)
      if (claim === undefined) throw notClaimed(key.messageId)
      rows.set(id, { ...claim, outcome: JSON.stringify(outcome) })
    },
  }
}

export function inMemoryInboxStore(claims: Map<string, InMemoryClaim>, clock: Clock): InboxStore {
  return {
    async purge(age = 14 * 24 * 3_600_000) {
      const before = claims.size
      for (const [key, { receivedAt }] of claims) {
        if (clock.now() - receivedAt > age) claims.delete(key)
      }
      return before - claims.size
    },
  }
}

function rowKey({ consumer, source, messageId }: InboxKey): string {
  return JSON.stringify([consumer, source, messageId])
}
