import {
  LOCAL_GRACE,
  type OutboxEntry,
  type OutboxRecord,
  type StoredMessage,
  storedMessage,
} from '@posthorn/core/storage'
import type { Row } from 'postgres'
import type { GuardedTransaction } from './guarded-transaction.ts'
import type { Parameter } from './parameters.ts'

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

/**
 * Builds the statement that writes outbox records, if any. It must be a unit's last: the rows of the aggregates are locked by
 * then, and so the positions of one aggregate's messages are in the order of the commits.
 */
export function outboxInsert(
  records: readonly OutboxRecord[],
): (run: Run) => Promise<readonly OutboxEntry[]> {
  if (records.length === 0) return async () => []
  const stored = records.map(({ message }) => storedMessage(message))
  const rows = JSON.stringify(records.map((record, index) => columns(record, stored[index] as StoredMessage)))
  return async (run) => {
    const inserted = await run(INSERT, [rows])
    const positions = inserted.map(({ position }) => String(position)).sort(byPosition)
    return records.map(({ handler, key, depth }, index) => ({
      position: positions[index] as string,
      message: stored[index] as StoredMessage,
      handler,
      key,
      depth,
      attempts: 0,
    }))
  }
}

type Run = (text: string, parameters: readonly Parameter[]) => Promise<readonly Row[]>

/** See `Outbox.strikeOff`. */
export async function strikeOff(
  transaction: Pick<GuardedTransaction, 'run'>,
  position: string,
): Promise<boolean> {
  const text = 'delete from posthorn_outbox where position = $1::text::bigint and died_at is null returning 1'
  return (await transaction.run(text, [position])).length > 0
}

function columns({ handler, key, depth }: OutboxRecord, message: StoredMessage) {
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
