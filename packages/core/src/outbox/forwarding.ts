import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { splitType } from '../messages/names.ts'
import type { OutboxEntry, Settlement } from './outbox.ts'

export interface ForwardingOptions {
  readonly forward: (entry: OutboxEntry) => Promise<void>
  readonly onError: (error: unknown, entry: OutboxEntry) => void
  readonly clock: Clock
  /** Longest time for what is given at once, in ms. */
  readonly deadline: number
}

/** So many entries are on their way at once, at most. */
const IN_FLIGHT = 256

/** What has waited for its turn for so long waits for the next turn at the queue: a slow broker is not away. In ms. */
const STALE = 1_000

const LINK_DOWN: ReadonlySet<string> = new Set([
  'BrokerUnreachable',
  'BusNotStarted',
  'ConnectionLost',
  'PublishTimeout',
])

/** Entries that were given at once. */
interface Part {
  readonly settlements: Settlement[]
  readonly since: number
  left: number
  readonly end: () => void
}

interface Item {
  readonly entry: OutboxEntry
  readonly domain: string
  /** Its domain and key, where it has one: there one goes after another. */
  readonly lane: string | null
  readonly part: Part
  /** The one behind it in its lane. */
  next: Item | undefined
}

/**
 * Forwards what a relay is given in one turn at the queue: entries of one key to one domain strictly one after another,
 * others side by side. An entry that fails ends its key's turn, so that no later one overtakes it; a domain that cannot
 * be reached ends the turn of all its keys.
 */
export class Forwarding {
  readonly #options: ForwardingOptions
  /** Whose turn it is: the first of each lane, and those without. */
  readonly #ready: Item[] = []
  #begun = 0
  /** The last of each lane that waits or is on its way; null when the lane's turn has ended. */
  readonly #lanes = new Map<string, Item | null>()
  readonly #unreachable = new Set<string>()
  #inFlight = 0
  #late = false

  constructor(options: ForwardingOptions) {
    this.#options = options
  }

  /** The domains to which nothing can be forwarded at present, through no fault of the entries. */
  get unreachable(): ReadonlySet<string> {
    return this.#unreachable
  }

  /**
   * Forwards entries, oldest first. More of them may be given before those before have come to an end. Those that the
   * answer leaves out were not attempted, or nobody knows yet what has become of them.
   */
  async forward(entries: readonly OutboxEntry[]): Promise<readonly Settlement[]> {
    const { clock, deadline } = this.#options
    const settlements: Settlement[] = []
    await new Promise<void>((resolve) => {
      const cancel = clock.after(deadline, () => {
        this.#giveUp(entries, settlements)
        resolve()
      })
      const end = () => {
        cancel()
        resolve()
      }
      const part: Part = { settlements, since: clock.now(), left: entries.length, end }
      for (const entry of entries) this.#add(entry, part)
      this.#fill()
    })
    // A copy: what comes to an end after the deadline is nobody's any more.
    return [...settlements]
  }

  #add(entry: OutboxEntry, part: Part): void {
    const domain = domainOf(entry)
    const lane = entry.key === null ? null : `${domain} ${entry.key}`
    const item: Item = { entry, domain, lane, part, next: undefined }
    const before = lane === null ? undefined : this.#lanes.get(lane)
    if (before === null) {
      leave(item)
      return
    }
    if (lane !== null) this.#lanes.set(lane, item)
    if (before === undefined) this.#ready.push(item)
    else before.next = item
  }

  #fill(): void {
    for (let item = this.#ready[this.#begun]; item !== undefined; item = this.#ready[this.#begun]) {
      const begins = this.#mayBegin(item)
      if (begins && this.#inFlight === IN_FLIGHT) return
      this.#begun += 1
      if (begins) void this.#send(item)
      else this.#leaveLane(item)
    }
  }

  #mayBegin({ domain, part }: Item): boolean {
    return !this.#late && !this.#unreachable.has(domain) && this.#options.clock.now() - part.since < STALE
  }

  async #send(item: Item): Promise<void> {
    const { entry, domain, part } = item
    const { settlements } = part
    const { position } = entry
    this.#inFlight += 1
    try {
      await this.#options.forward(entry)
      settlements.push({ position, ok: true })
      this.#advance(item)
    } catch (error) {
      this.#options.onError(error, entry)
      if (isLinkDown(error)) this.#unreachable.add(domain)
      else settlements.push({ position, ok: false, error, retryable: mayPassLater(error) })
      this.#leaveLane(item)
    }
    this.#inFlight -= 1
    this.#fill()
  }

  #advance(item: Item): void {
    const { lane, next } = item
    if (next !== undefined) this.#ready.push(next)
    else if (lane !== null) this.#lanes.delete(lane)
    leave(item)
  }

  /** With all that stands behind it. */
  #leaveLane(first: Item): void {
    if (first.lane !== null) this.#lanes.set(first.lane, null)
    for (let item: Item | undefined = first; item !== undefined; item = item.next) leave(item)
  }

  #giveUp(entries: readonly OutboxEntry[], settlements: readonly Settlement[]): void {
    this.#late = true
    const settled = new Set(settlements.map(({ position }) => position))
    for (const entry of entries) if (!settled.has(entry.position)) this.#unreachable.add(domainOf(entry))
    this.#fill()
  }
}

function leave({ part }: Item): void {
  part.left -= 1
  if (part.left === 0) part.end()
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
