import {
  type DeadLetter,
  failureReason,
  MAX_ATTEMPTS,
  mayStillRun,
  type OutboxDepth,
  type OutboxEntry,
  type OutboxQueue,
  type Settlement,
} from '@posthorn/core/storage'
import type { Row } from 'postgres'
import type { GuardedTransaction } from './guarded-transaction.ts'
import { pipelined } from './pipelined.ts'
import type { PostgresDriver } from './postgres-driver.ts'

/** A relay that stays silent for longer inside its transaction loses it, and with it the queue, in ms. */
const LEADER_SILENCE = 4_500

/** So many entries are delivered at once, two such parts at a time: about as many as are on their way to the broker. */
const PART = 250

const FOR_BROKER = 'handler is null and died_at is null'
const FOR_LOCAL = 'handler is not null and died_at is null'
/**
 * By the transaction's time, which stands still: an entry must not fall due between the looks at it and at its follower,
 * not even where these are two parts of what one relay delivers.
 */
const DUE = 'available_at <= now()'
const UNLEASED = '(leased_until is null or leased_until <= clock_timestamp())'

/** Its `position` is text: to be ordered by, the column needs its table's name. */
const ENTRY = `position::text, handler, key, depth, message_id, type, kind, version, time, correlation_id, causation_id,
  traceparent, body, attempts`

/** Of the domains listed in the first parameter: nothing. */
const ELSEWHERE = "split_part(type, '.', 1) <> all ($1::text::text[])"

const IS_ANY_DUE = `select 1 from posthorn_outbox where ${FOR_BROKER} and ${DUE} and ${ELSEWHERE} limit 1`

/** Held by the transaction, so that it works behind a pooler and ends with the connection. */
const LEAD = `
  select pg_try_advisory_xact_lock(hashtextextended('posthorn relay ' || 'posthorn_outbox'::regclass::oid, 0)) as leads`

const TAKE = `
  select ${ENTRY} from posthorn_outbox as entry
  where ${FOR_BROKER} and ${DUE} and ${ELSEWHERE} and entry.position > $3::text::bigint and not exists (
    select 1 from posthorn_outbox as head
    where head.key = entry.key and head.position < entry.position and head.attempts > 0
      and head.handler is null and head.died_at is null and head.available_at > now())
  order by entry.position limit $2`

const DELETE = 'delete from posthorn_outbox where position = any ($1::text::bigint[])'

/** The same pauses as in memory: doubling from 200 ms to a minute, half of it left to chance. */
const FAIL = `
  update posthorn_outbox as entry set
    attempts = attempts + 1,
    available_at = clock_timestamp() + least(60000, 200 * power(2, attempts)) * (0.5 + random() / 2) * interval '1 ms',
    leased_until = case when failure.running then leased_until end,
    reason = failure.reason,
    died_at = case when failure.final or attempts + 1 >= ${MAX_ATTEMPTS} then clock_timestamp() end
  from json_to_recordset($1::text::json) as failure (position bigint, reason text, final boolean, running boolean)
  where entry.position = failure.position and died_at is null`

const TAKE_LOCAL = `
  update posthorn_outbox set leased_until = clock_timestamp() + $2::text::float8 * interval '1 ms'
  where position in (
    select position from posthorn_outbox where ${FOR_LOCAL} and ${DUE} and ${UNLEASED}
    order by position limit $1 for update skip locked)
  returning ${ENTRY}`

const LEASE = `
  update posthorn_outbox set leased_until = clock_timestamp() + $2::text::float8 * interval '1 ms'
  where position = $1::text::bigint and ${FOR_LOCAL} and ${UNLEASED} returning 1`

const DEPTH = `
  select count(*) filter (where ${FOR_BROKER})::int as broker, count(*) filter (where ${FOR_LOCAL})::int as local,
    count(died_at)::int as dead,
    coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where died_at is null)) * 1000, 0)::float8
      as oldest
  from posthorn_outbox`

const DEAD_LETTERS = `
  select ${ENTRY}, reason, (extract(epoch from died_at) * 1000)::float8 as died_at
  from posthorn_outbox as entry where died_at is not null order by entry.position limit $1`

const REPLAY = `
  update posthorn_outbox
  set attempts = 0, available_at = clock_timestamp(), leased_until = null, reason = null, died_at = null
  where position = $1::text::bigint and died_at is not null returning handler`

/**
 * The outbox in Postgres, for relays. One relay at a time delivers to the broker: it holds a lock for as long as the
 * transaction around one batch takes, and gives what it delivered away in the same transaction.
 */
export function drizzleOutboxQueue(driver: PostgresDriver): OutboxQueue {
  /** Whether the last batch left something behind, as far as is known. */
  let more = false
  return {
    async deliver(limit, deliver, except = []) {
      // Names of domains need no quotes.
      const domains = `{${except.join(',')}}`
      const surely = more
      more = false
      if (!surely && (await driver.query(IS_ANY_DUE, [domains])).length === 0)
        return { busy: false, taken: 0 }
      const transaction = await driver.begin({ idleTimeout: LEADER_SILENCE })
      try {
        const take = (most: number, after: string) =>
          transaction.run(TAKE, [domains, Math.min(most, PART), after])
        // Two statements, so that the second one sees what the previous leader has committed.
        const [lead = [], first = []] = await pipelined([transaction.run(LEAD), take(limit, '0')])
        if (lead[0]?.leads !== true) return { busy: true, taken: 0 }
        const taken = await deliverInParts(transaction, { limit, first, take, deliver })
        await transaction.commit()
        more = taken === limit
        return { busy: false, taken }
      } finally {
        await transaction.rollback()
      }
    },

    async takeLocal(limit, lease) {
      const rows = await driver.query<Row>(TAKE_LOCAL, [limit, String(lease)])
      return rows.map(entryOf).sort((a, b) => Number(a.position) - Number(b.position))
    },

    async lease(position, lease) {
      return (await driver.query(LEASE, [position, String(lease)])).length > 0
    },

    async fail(position, error, retryable = true) {
      await driver.query(FAIL, [failures([{ position, error, retryable }])])
    },

    async depth() {
      const [depth] = await driver.query<OutboxDepth>(DEPTH)
      return depth ?? { broker: 0, local: 0, dead: 0, oldest: 0 }
    },

    async deadLetters(limit = 100) {
      return (await driver.query<Row>(DEAD_LETTERS, [limit])).map(deadLetterOf)
    },

    async replay(position) {
      const [replayed] = await driver.query<Row>(REPLAY, [position])
      if (replayed?.handler === null) driver.announceOutboxAdded()
      return replayed !== undefined
    },

    onAdded: (listener) => driver.onOutboxAdded(listener),
  }
}

interface Batch {
  readonly limit: number
  readonly first: readonly Row[]
  readonly take: (most: number, after: string) => Promise<readonly Row[]>
  readonly deliver: Parameters<OutboxQueue['deliver']>[1]
}

/** While one part is delivered the next one is taken and the one before is deleted: nobody waits for the database. */
async function deliverInParts(
  transaction: GuardedTransaction,
  { limit, first, take, deliver }: Batch,
): Promise<number> {
  const parts: Promise<void>[] = []
  let taken = 0
  let part = first
  try {
    while (part.length > 0) {
      const last = part.at(-1)
      taken += part.length
      const full = part.length === PART && taken < limit
      const delivered = deliver(part.map(entryOf)).then((settlements) => settle(transaction, settlements))
      // Looked at below, perhaps after others.
      delivered.catch(() => undefined)
      parts.push(delivered)
      await parts.at(-2)
      part = full ? await take(limit - taken, last?.position) : []
    }
  } finally {
    await Promise.allSettled(parts)
  }
  await Promise.all(parts)
  return taken
}

async function settle(transaction: GuardedTransaction, settlements: readonly Settlement[]): Promise<void> {
  const gone = settlements.filter(({ ok }) => ok).map(({ position }) => position)
  const failed = settlements.filter((settlement) => !settlement.ok)
  await pipelined([
    ...(gone.length === 0 ? [] : [transaction.run(DELETE, [`{${gone.join(',')}}`])]),
    ...(failed.length === 0 ? [] : [transaction.run(FAIL, [failures(failed)])]),
  ])
}

function failures(
  list: readonly { readonly position: string; readonly error: unknown; readonly retryable: boolean }[],
): string {
  return JSON.stringify(
    list.map(({ position, error, retryable }) => ({
      position,
      // Postgres stores no NUL.
      reason: failureReason(error).replaceAll('\0', ''),
      final: !retryable,
      running: mayStillRun(error),
    })),
  )
}

function entryOf(row: Row): OutboxEntry {
  return {
    position: row.position,
    handler: row.handler,
    key: row.key,
    depth: row.depth,
    attempts: row.attempts,
    message: {
      id: row.message_id,
      type: row.type,
      kind: row.kind,
      version: row.version,
      time: row.time,
      correlationId: row.correlation_id,
      causationId: row.causation_id,
      traceparent: row.traceparent,
      body: row.body,
    },
  }
}

function deadLetterOf(row: Row): DeadLetter {
  return { ...entryOf(row), reason: row.reason ?? '', diedAt: new Date(row.died_at).toISOString() }
}
