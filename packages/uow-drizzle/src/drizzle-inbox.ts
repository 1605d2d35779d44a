import {
  type HandledOutcome,
  type Inbox,
  type InboxClaim,
  type InboxKey,
  type InboxStore,
  idempotencyKeyReuse,
  notClaimed,
} from '@posthorn/core/storage'
import type { GuardedTransaction } from './guarded-transaction.ts'
import type { PostgresDriver } from './postgres-driver.ts'

/**
 * With no outcome, which reads as {@link APPLIED}. Does nothing outside a transaction of ours, which has its name from the
 * beginning: it is sent along with BEGIN, and must not stand alone where that fails.
 */
const CLAIM = `
  insert into posthorn_inbox (consumer, source, message_id, fingerprint)
  select $1, $2, $3, $4 where pg_current_xact_id_if_assigned() is not null
  on conflict do nothing returning 1`

const FIND = `
  select fingerprint, outcome from posthorn_inbox where consumer = $1 and source = $2 and message_id = $3`

const RECORD = `
  update posthorn_inbox set outcome = $4 where consumer = $1 and source = $2 and message_id = $3`

const PURGE = `
  delete from posthorn_inbox where ctid = any (array(
    select ctid from posthorn_inbox where received_at < clock_timestamp() - $1::text::float8 * interval '1 ms' limit $2))`

const APPLIED = JSON.stringify({ ok: true })
const PURGE_BATCH = 1_000

/** What `claim` will be given. */
interface AnnouncedClaim {
  readonly key: InboxKey
  readonly fingerprint: string
}

/** A claim that was sent along with BEGIN. */
interface EarlyClaim extends AnnouncedClaim {
  readonly answer: Promise<readonly unknown[]>
}

/** Sends a claim whose answer `UnitInbox.claim` will ask for. */
export function claimEarly(transaction: GuardedTransaction, claim: AnnouncedClaim): EarlyClaim {
  const answer = sendClaim(transaction, claim)
  // Nobody may ask for it: the transaction may not begin.
  answer.catch(() => undefined)
  return { ...claim, answer }
}

/** The inbox of one unit. */
export class UnitInbox implements Inbox {
  readonly #transaction: GuardedTransaction
  readonly #claims: { readonly key: InboxKey; outcome: string | null }[] = []
  #early: EarlyClaim | undefined

  constructor(transaction: GuardedTransaction, early?: EarlyClaim) {
    this.#transaction = transaction
    this.#early = early
  }

  /** The insert waits for a transaction that has inserted the same key. */
  async claim(key: InboxKey, fingerprint: string): Promise<InboxClaim> {
    this.#transaction.assertOpen()
    for (;;) {
      const [claimed] = await (this.#answerFor(key, fingerprint) ??
        sendClaim(this.#transaction, { key, fingerprint }))
      if (claimed !== undefined) {
        this.#claims.push({ key, outcome: null })
        return { first: true }
      }
      const [known] = await this.#transaction.run(FIND, keyValues(key))
      // Gone in between: purged.
      if (known === undefined) continue
      if (known.fingerprint !== fingerprint) throw idempotencyKeyReuse(key.messageId)
      return { first: false, outcome: JSON.parse(known.outcome ?? APPLIED) }
    }
  }

  /** What came of the early claim, once. */
  #answerFor(key: InboxKey, fingerprint: string): Promise<readonly unknown[]> | undefined {
    const early = this.#early
    if (early === undefined || !isSame(early.key, key) || early.fingerprint !== fingerprint) return undefined
    this.#early = undefined
    return early.answer
  }

  record(key: InboxKey, outcome: HandledOutcome): void {
    const own = this.#claims.find((claim) => isSame(claim.key, key))
    if (own === undefined) throw notClaimed(key.messageId)
    const json = JSON.stringify(outcome)
    own.outcome = json === APPLIED ? null : json
  }

  /** Sends what the claims do not tell by themselves. An event's handler has no result, so that its claim tells all. */
  flush(): readonly Promise<unknown>[] {
    const sent: Promise<unknown>[] = []
    for (const { key, outcome } of this.#claims) {
      if (outcome !== null) sent.push(this.#transaction.run(RECORD, [...keyValues(key), outcome]))
    }
    return sent
  }
}

/** The inbox as its keeper sees it. Forgets in batches, so that no statement takes long. */
export function drizzleInbox(driver: PostgresDriver): InboxStore {
  return {
    async purge(age = 14 * 24 * 3_600_000) {
      let purged = 0
      for (;;) {
        const deleted = await driver.query(`${PURGE} returning 1`, [String(age), PURGE_BATCH])
        purged += deleted.length
        if (deleted.length < PURGE_BATCH) return purged
      }
    },
  }
}

function sendClaim(transaction: GuardedTransaction, { key, fingerprint }: AnnouncedClaim) {
  return transaction.run(CLAIM, [...keyValues(key), fingerprint])
}

function isSame(a: InboxKey, b: InboxKey): boolean {
  return a.messageId === b.messageId && a.consumer === b.consumer && a.source === b.source
}

function keyValues({ consumer, source, messageId }: InboxKey): readonly [string, string, string] {
  return [consumer, source, messageId]
}
