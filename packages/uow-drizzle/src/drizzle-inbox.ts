import {
  type HandledOutcome,
  type InboxClaim,
  type InboxKey,
  type InboxStore,
  idempotencyKeyReuse,
} from '@posthorn/core/storage'
import type { GuardedTransaction } from './guarded-transaction.ts'
import type { PostgresDriver } from './postgres-driver.ts'

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

/** See `Inbox.claim`. The insert waits for a transaction that has inserted the same key. */
export async function claimMessage(
  transaction: Pick<GuardedTransaction, 'run'>,
  key: InboxKey,
  fingerprint: string,
): Promise<InboxClaim> {
  for (;;) {
    const [claimed] = await transaction.run(CLAIM, [...keyValues(key), fingerprint])
    if (claimed !== undefined) return { first: true }
    const [known] = await transaction.run(FIND, keyValues(key))
    // Gone in between: purged.
    if (known === undefined) continue
    if (known.fingerprint !== fingerprint) throw idempotencyKeyReuse(key.messageId)
    return { first: false, outcome: JSON.parse(known.outcome ?? APPLIED) }
  }
}

/** Stores the outcome of a message that this transaction has claimed. */
export async function recordOutcome(
  transaction: GuardedTransaction,
  key: InboxKey,
  outcome: HandledOutcome,
): Promise<void> {
  await transaction.run(RECORD, [...keyValues(key), JSON.stringify(outcome)])
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

function keyValues({ consumer, source, messageId }: InboxKey): readonly [string, string, string] {
  return [consumer, source, messageId]
}
