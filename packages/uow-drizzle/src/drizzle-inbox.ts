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

/** With no outcome, which reads as {@link APPLIED}. */
const CLAIM = `
  insert into posthorn_inbox (consumer, source, message_id, fingerprint) values ($1, $2, $3, $4)
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

/** The inbox of one unit. */
export class UnitInbox implements Inbox {
  readonly #transaction: Pick<GuardedTransaction, 'run'>
  /** By key: null until an outcome is recorded that the claim does not tell by itself. */
  readonly #claimed = new Map<string, { readonly key: InboxKey; outcome: string | null }>()

  constructor(transaction: Pick<GuardedTransaction, 'run'>) {
    this.#transaction = transaction
  }

  /** The insert waits for a transaction that has inserted the same key. */
  async claim(key: InboxKey, fingerprint: string): Promise<InboxClaim> {
    for (;;) {
      const [claimed] = await this.#transaction.run(CLAIM, [...keyValues(key), fingerprint])
      if (claimed !== undefined) {
        this.#claimed.set(idOf(key), { key, outcome: null })
        return { first: true }
      }
      const [known] = await this.#transaction.run(FIND, keyValues(key))
      // Gone in between: purged.
      if (known === undefined) continue
      if (known.fingerprint !== fingerprint) throw idempotencyKeyReuse(key.messageId)
      return { first: false, outcome: JSON.parse(known.outcome ?? APPLIED) }
    }
  }

  record(key: InboxKey, outcome: HandledOutcome): void {
    const own = this.#claimed.get(idOf(key))
    if (own === undefined) throw notClaimed(key.messageId)
    const json = JSON.stringify(outcome)
    own.outcome = json === APPLIED ? null : json
  }

  /** Sends what the claims do not tell by themselves. An event's handler has no result, so that its claim tells all. */
  flush(): readonly Promise<unknown>[] {
    const sent: Promise<unknown>[] = []
    for (const { key, outcome } of this.#claimed.values()) {
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

function idOf({ consumer, source, messageId }: InboxKey): string {
  return JSON.stringify([consumer, source, messageId])
}

function keyValues({ consumer, source, messageId }: InboxKey): readonly [string, string, string] {
  return [consumer, source, messageId]
}
