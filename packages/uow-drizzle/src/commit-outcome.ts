import { isEnded } from './classify-error.ts'

/*
 * A server that crashes forgets transactions whose commits it had not stored, and gives their ids to others afterwards.
 * So an id says something only together with its era, the time at which the server's statistics were last reset, which
 * each recovery does: after a crash of the machine or of one of its processes, from a backup, and on another server.
 */

/** The server's name for a transaction, by which it knows what became of it. */
export interface TransactionId {
  readonly xid: string
  readonly era: string
}

export type CommitOutcome = 'committed' | 'aborted' | 'unknown'

/** Runs one statement. `deadline` in ms. */
type Ask = (
  text: string,
  parameters: readonly string[],
  deadline: number,
) => Promise<readonly { readonly status?: string | null }[]>

/**
 * In another era `committed` may be somebody else's. Not so `aborted`: what had been committed would not be given away.
 * An id that has not been given out yet has been forgotten, unless a standby has just not heard of it.
 */
const STATUS = `
  select case
    when era = $2 then pg_xact_status(xid)
    when xid >= pg_snapshot_xmax(pg_current_snapshot()) and not pg_is_in_recovery() then 'aborted'
    when pg_xact_status(xid) = 'aborted' then 'aborted'
  end as status
  from (select $1::text::xid8 as xid, extract(epoch from stats_reset)::text as era from pg_stat_bgwriter) as known`

/** In ms. */
const PATIENCE = 5_000
const PAUSE = 100

/** What became of a transaction whose commit got no answer. Asks until there is an answer, for 5 s at most. */
export async function commitOutcome(ask: Ask, { xid, era }: TransactionId): Promise<CommitOutcome> {
  const end = performance.now() + PATIENCE
  while (performance.now() < end) {
    try {
      const [row] = await ask(STATUS, [xid, era], end - performance.now())
      if (row?.status === 'committed' || row?.status === 'aborted') return row.status
      if (row?.status === null) return 'unknown'
    } catch (error) {
      if (isEnded(error)) return 'unknown'
      // The server may still be on its way back.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  return 'unknown'
}
