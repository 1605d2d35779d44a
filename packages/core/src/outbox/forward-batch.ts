import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { splitType } from '../messages/names.ts'
import type { OutboxEntry, Settlement } from './outbox.ts'

export interface ForwardOptions {
  readonly forward: (entry: OutboxEntry) => Promise<void>
  readonly onError: (error: unknown, entry: OutboxEntry) => void
  readonly clock: Clock
  /** Longest time for all, in ms. */
  readonly deadline: number
}

export interface ForwardResult {
  /** Entries that are missing here were not attempted, or nobody knows yet what has become of them. */
  readonly settlements: readonly Settlement[]
  /** The domains to which nothing can be forwarded at present, through no fault of the entries. */
  readonly unreachable: ReadonlySet<string>
}

/** So many entries are on their way at once, at most. */
const IN_FLIGHT = 256

const LINK_DOWN: ReadonlySet<string> = new Set([
  'BrokerUnreachable',
  'BusNotStarted',
  'ConnectionLost',
  'PublishTimeout',
])

/**
 * Forwards entries: those of one key to one domain strictly one after another, others side by side. An entry that fails
 * ends its key's turn, so that no later one overtakes it; a domain that cannot be reached ends the turn of all its keys.
 */
export async function forwardBatch(
  entries: readonly OutboxEntry[],
  { forward, onError, clock, deadline }: ForwardOptions,
): Promise<ForwardResult> {
  const settlements: Settlement[] = []
  const unreachable = new Set<string>()
  let late = false

  const forwardLane = async (lane: readonly OutboxEntry[]) => {
    for (const entry of lane) {
      const domain = domainOf(entry)
      if (late || unreachable.has(domain)) return
      const { position } = entry
      try {
        await forward(entry)
        settlements.push({ position, ok: true })
      } catch (error) {
        onError(error, entry)
        if (isLinkDown(error)) unreachable.add(domain)
        else settlements.push({ position, ok: false, error, retryable: mayPassLater(error) })
        return
      }
    }
  }

  const settled = ({ position }: OutboxEntry) =>
    settlements.some((settlement) => settlement.position === position)
  const lanes = lanesOf(entries).values()
  const worker = async () => {
    for (const lane of lanes) await forwardLane(lane)
  }
  const all = Promise.all(Array.from({ length: Math.min(IN_FLIGHT, entries.length) }, worker))
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(deadline, () => {
      late = true
      for (const entry of entries) if (!settled(entry)) unreachable.add(domainOf(entry))
      resolve()
    })
    void all.then(() => resolve(), reject).finally(cancel)
  })
  // A copy: what comes to an end after the deadline is nobody's any more.
  return { settlements: [...settlements], unreachable: new Set(unreachable) }
}

function lanesOf(entries: readonly OutboxEntry[]): readonly (readonly OutboxEntry[])[] {
  const lanes = new Map<string | symbol, OutboxEntry[]>()
  for (const entry of entries) {
    const key = entry.key === null ? Symbol(entry.position) : `${domainOf(entry)} ${entry.key}`
    const lane = lanes.get(key)
    if (lane === undefined) lanes.set(key, [entry])
    else lane.push(entry)
  }
  return [...lanes.values()]
}

/** Whose vhost the message goes to: its own domain's for an event, the callee's for a command. */
function domainOf(entry: OutboxEntry): string {
  return splitType(entry.message.type).domain
}

function isLinkDown(error: unknown): boolean {
  return error instanceof PosthornError && LINK_DOWN.has(error.code)
}

function mayPassLater(error: unknown): boolean {
  return !(error instanceof PosthornError) || error.retryable || error.outcome === 'unknown'
}
