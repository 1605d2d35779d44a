import {
  LOCAL_GRACE,
  type OutboxEntry,
  type OutboxRecord,
  type StoredMessage,
  storedMessage,
} from '@posthorn/core/storage'
import type { GuardedTransaction } from './guarded-transaction.ts'

/** Any number of records in one statement with one parameter: its text is always the same, so it is parsed once. */
const INSERT = `
  insert into posthorn_outbox
    (handler, key, depth, message_id, type, kind, version, time, correlation_id, causation_id, traceparent, body,
     available_at)
  select handler, key, depth, message_id, type, kind, version, time, correlation_id, causation_id, traceparent, body,
     clock_timestamp() + case when handler is null then interval '0' else interval '${LOCAL_GRACE} ms' end
  from rows from (json_to_recordset($1::text::json) as
    (handler text, key text, depth int, message_id text, type text, kind text, version int, time text,
     correlation_id text, causation_id text, traceparent text, body text)) with ordinality
  order by ordinality
  returning position::text`

/** A record as it will be written, which throws where that cannot be. */
export function outboxRow(record: OutboxRecord): OutboxRow {
  return { record, message: storedMessage(record.message) }
}

interface OutboxRow {
  readonly record: OutboxRecord
  readonly message: StoredMessage
}

/**
 * Writes outbox records, if any. It must be a unit's last statement: the rows of the aggregates are locked by then, and
 * so the positions of one aggregate's messages are in the order of the commits.
 */
export async function insertOutbox(
  transaction: GuardedTransaction,
  rows: readonly OutboxRow[],
): Promise<readonly OutboxEntry[]> {
  if (rows.length === 0) return []
  const inserted = await transaction.run(INSERT, [JSON.stringify(rows.map(columns))])
  const positions = inserted.map(({ position }) => String(position)).sort(byPosition)
  return rows.map(({ record: { handler, key, depth }, message }, index) => ({
    position: positions[index] as string,
    message,
    handler,
    key,
    depth,
    attempts: 0,
  }))
}

/** See `Outbox.strikeOff`. */
export async function strikeOff(
  transaction: Pick<GuardedTransaction, 'run'>,
  position: string,
): Promise<boolean> {
  const text = 'delete from posthorn_outbox where position = $1::text::bigint and died_at is null returning 1'
  return (await transaction.run(text, [position])).length > 0
}

function columns({ record: { handler, key, depth }, message }: OutboxRow) {
  const { id, type, kind, version, time, correlationId, causationId, traceparent, body } = message
  return {
    handler,
    key,
    depth,
    message_id: id,
    type,
    kind,
    version,
    time,
    correlation_id: correlationId,
    causation_id: causationId,
    traceparent,
    body,
  }
}

function byPosition(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}
