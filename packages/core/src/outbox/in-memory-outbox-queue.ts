import type { Clock } from '../clock.ts'
import { splitType } from '../messages/names.ts'
import type { InMemoryLocks } from '../unit-of-work/in-memory-locks.ts'
import type { StoreDoor } from '../unit-of-work/store-door.ts'
import { storeConnectionLost } from '../unit-of-work/unit-errors.ts'
import type { DeadLetter, OutboxDepth, OutboxEntry, OutboxQueue, OutboxRecord, Settlement } from './outbox.ts'
import { failureReason, LOCAL_GRACE, MAX_ATTEMPTS, mayStillRun, outboxBackOff } from './outbox-policy.ts'
import { storedMessage } from './stored-message.ts'

/** An outbox entry as stored in memory. Times are the clock's. */
export interface InMemoryEntry extends OutboxEntry {
  readonly createdAt: number
  readonly availableAt: number
  readonly leasedUntil: number
  readonly reason: string | null
  readonly diedAt: string | null
}

/** A relay that stays silent for longer while it delivers loses the queue to another one, in ms. */
const LEADER_SILENCE = 4_500

/** So many entries are given to be delivered at once. */
const PART = 8

/** An outbox as all processes share it: the rows, in the order in which their transactions committed. */
export class OutboxRows {
  readonly entries: Map<string, InMemoryEntry>
  readonly locks: InMemoryLocks
  readonly clock: Clock
  readonly random: () => number
  lastPosition = 0
  /** The relay that delivers at present. */
  leader: { readonly since: number } | null = null

  constructor(entries: Map<string, InMemoryEntry>, locks: InMemoryLocks, clock: Clock, random: () => number) {
    this.entries = entries
    this.locks = locks
    this.clock = clock
    this.random = random
  }
}

/** The in-memory store's outbox as one process sees it. */
export class InMemoryOutboxQueue implements OutboxQueue {
  readonly #rows: OutboxRows
  readonly #door: StoreDoor
  readonly #listeners = new Set<() => void>()

  constructor(rows: OutboxRows, door: StoreDoor) {
    this.#rows = rows
    this.#door = door
  }

  get #clock(): Clock {
    return this.#rows.clock
  }

  get #entries(): Map<string, InMemoryEntry> {
    return this.#rows.entries
  }

  /** How many entries there are, the dead ones included. */
  get size(): number {
    return this.#entries.size
  }

  /** The entry that a commit will write. */
  entryOf({ message, handler, key, depth }: OutboxRecord): InMemoryEntry {
    this.#rows.lastPosition += 1
    const now = this.#clock.now()
    return {
      position: String(this.#rows.lastPosition),
      message: storedMessage(message),
      handler,
      key,
      depth,
      attempts: 0,
      createdAt: now,
      availableAt: handler === null ? now : now + LOCAL_GRACE,
      leasedUntil: 0,
      reason: null,
      diedAt: null,
    }
  }

  announce(): void {
    for (const listener of this.#listeners) listener()
  }

  async deliver(
    limit: number,
    deliver: (entries: readonly OutboxEntry[]) => Promise<readonly Settlement[]>,
    except: readonly string[] = [],
  ): Promise<{ readonly busy: boolean; readonly taken: number }> {
    const rows = this.#rows
    const lead = { since: this.#clock.now() }
    const give = () => {
      if (rows.leader === lead) rows.leader = null
    }
    const endSession = this.#door.session(give)
    try {
      const due = await this.#door.pass('take what is due for the broker', async () => {
        if (rows.leader !== null && this.#clock.now() - rows.leader.since < LEADER_SILENCE) return null
        const taken = this.#dueForBroker(limit, except)
        if (taken.length > 0) rows.leader = lead
        return taken
      })
      if (due === null) return { busy: true, taken: 0 }
      if (due.length === 0) return { busy: false, taken: 0 }
      const settlements = await inParts(due.map(publicEntry), deliver)
      await this.#door.pass('settle what was delivered', async () => {
        if (rows.leader !== lead) throw storeConnectionLost()
        for (const settlement of settlements) this.#settle(settlement)
      })
      return { busy: false, taken: due.length }
    } finally {
      give()
      endSession()
    }
  }

  async takeLocal(limit: number, lease: number): Promise<readonly OutboxEntry[]> {
    return this.#door.pass('take what is due here', async () => {
      const now = this.#clock.now()
      const taken = [...this.#entries.values()]
        .filter((entry) => entry.handler !== null && entry.diedAt === null && entry.availableAt <= now)
        .filter((entry) => entry.leasedUntil <= now && !this.#rows.locks.isHeld(entryLock(entry.position)))
        .slice(0, limit)
      for (const entry of taken) this.#entries.set(entry.position, { ...entry, leasedUntil: now + lease })
      return taken.map(publicEntry)
    })
  }

  async lease(position: string, lease: number): Promise<boolean> {
    return this.#door.pass(`lease ${position}`, async () => {
      const entry = this.#entries.get(position)
      const now = this.#clock.now()
      if (entry === undefined || entry.diedAt !== null || entry.leasedUntil > now) return false
      this.#entries.set(position, { ...entry, leasedUntil: now + lease })
      return true
    })
  }

  async fail(position: string, error: unknown, retryable = true): Promise<void> {
    await this.#door.pass(`note that ${position} failed`, async () => {
      this.#settle({ position, ok: false, error, retryable })
    })
  }

  async depth(): Promise<OutboxDepth> {
    const entries = [...this.#entries.values()]
    const alive = entries.filter(({ diedAt }) => diedAt === null)
    const broker = alive.filter(({ handler }) => handler === null).length
    const now = this.#clock.now()
    return {
      broker,
      local: alive.length - broker,
      dead: entries.length - alive.length,
      oldest: alive.reduce((oldest, { createdAt }) => Math.max(oldest, now - createdAt), 0),
    }
  }

  async deadLetters(limit = 100): Promise<readonly DeadLetter[]> {
    return [...this.#entries.values()].flatMap((entry) => deadLetter(entry) ?? []).slice(0, limit)
  }

  async replay(position: string): Promise<boolean> {
    const entry = this.#entries.get(position)
    if (entry?.diedAt == null) return false
    const again = { attempts: 0, availableAt: this.#clock.now(), leasedUntil: 0, reason: null, diedAt: null }
    this.#entries.set(position, { ...entry, ...again })
    if (entry.handler === null) this.announce()
    return true
  }

  onAdded(listener: () => void): () => void {
    // A wrapper, so that the same function added twice is two listeners.
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  #dueForBroker(limit: number, except: readonly string[]): readonly InMemoryEntry[] {
    const now = this.#clock.now()
    const blocked = new Set<string>()
    const due: InMemoryEntry[] = []
    for (const entry of this.#entries.values()) {
      if (due.length === limit) break
      const { key, handler, diedAt, availableAt } = entry
      if (handler !== null || diedAt !== null || (key !== null && blocked.has(key))) continue
      if (except.includes(splitType(entry.message.type).domain)) continue
      if (availableAt <= now) due.push(entry)
      else if (key !== null) blocked.add(key)
    }
    return due
  }

  #settle(settlement: Settlement): void {
    const { position } = settlement
    const entry = this.#entries.get(position)
    if (entry === undefined || entry.diedAt !== null) return
    if (settlement.ok) {
      this.#entries.delete(position)
      return
    }
    const { error, retryable } = settlement
    const attempts = entry.attempts + 1
    const dead = !retryable || attempts >= MAX_ATTEMPTS
    this.#entries.set(position, {
      ...entry,
      attempts,
      availableAt: this.#clock.now() + outboxBackOff(attempts, this.#rows.random),
      leasedUntil: mayStillRun(error) ? entry.leasedUntil : 0,
      reason: failureReason(error),
      diedAt: dead ? new Date().toISOString() : null,
    })
  }
}

/** All at the same time, so that whoever delivers is seen to keep the order of keys across parts. */
async function inParts(
  due: readonly OutboxEntry[],
  deliver: (entries: readonly OutboxEntry[]) => Promise<readonly Settlement[]>,
): Promise<readonly Settlement[]> {
  const parts: Promise<readonly Settlement[]>[] = []
  for (let from = 0; from < due.length; from += PART) parts.push(deliver(due.slice(from, from + PART)))
  await Promise.allSettled(parts)
  return (await Promise.all(parts)).flat()
}

/** The lock that a unit holds on an entry which it has struck off. */
export function entryLock(position: string): string {
  return `outbox ${position}`
}

function publicEntry({ position, message, handler, key, depth, attempts }: InMemoryEntry): OutboxEntry {
  return { position, message, handler, key, depth, attempts }
}

function deadLetter(entry: InMemoryEntry): DeadLetter | undefined {
  const { diedAt, reason } = entry
  return diedAt === null ? undefined : { ...publicEntry(entry), diedAt, reason: reason ?? '' }
}
