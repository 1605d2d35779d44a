import type { Frame } from '../external-bus/broker.ts'
import { parseWireType } from '../external-bus/wire-format.ts'
import type { Command, Message } from '../messages/message.ts'
import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import { INBOX, OUTBOX } from '../unit-of-work/in-memory-store.ts'
import type { Tables } from '../unit-of-work/staged-tables.ts'
import type { Handling } from '../unit-of-work/unit-of-work.ts'

/** What one unit of work has committed, as far as messages go. */
export interface Commit {
  readonly service: string
  /** The message that it was begun to handle, and for which handler; null for a unit that no handler has. */
  readonly handling: Handling | null
  /** What it has put into the outbox. */
  readonly entries: readonly InMemoryEntry[]
  /** The outbox entries that it has struck off. */
  readonly struckOff: readonly InMemoryEntry[]
  /** The claims that it has left in the inbox. */
  readonly claims: readonly Claimed[]
}

/** A message that a consumer has claimed in its inbox. */
export interface Claimed {
  readonly consumer: string
  readonly source: string
  readonly messageId: string
}

/** A frame that the broker has taken. */
export interface Accepted {
  readonly user: string
  readonly messageId: string
  readonly frame: Frame
}

/** What a client has asked, and what came of it. */
export interface Asked {
  readonly by: string
  readonly command: Command
  /** ms of virtual time. */
  readonly askedAt: number
  readonly timeout: number
  answeredAt: number | null
  /** The last answer; null until there is one. */
  answer: Answer | null
  /** How often it has been asked by now, always with the same message. */
  readonly attempts: number
  /** As its request says. */
  readonly mayFail: boolean
}

/** What a client was told: the result, or the error and what it says of the effect. */
export type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: unknown; readonly outcome: string }

/** All that invariants can go by: what was asked, committed, passed on and received, in the order of its happening. */
export class Ledger {
  readonly asked: Asked[] = []
  readonly commits: Commit[] = []
  readonly accepted: Accepted[] = []
  /** What somebody outside has done for a process. */
  readonly outside: { readonly by: string; readonly whom: string; readonly what: string }[] = []
  /** The messages that units were to commit, by id. */
  readonly raised = new Set<string>()
  /** Which messages clients have received, by client. */
  readonly received = new Map<string, Set<string>>()
  /** All entries that an outbox ever had, by service and position. */
  readonly #entries = new Map<string, InMemoryEntry>()

  commit(service: string, written: Tables, handling: Handling | null): Commit {
    const entries: InMemoryEntry[] = []
    const struckOff: InMemoryEntry[] = []
    for (const [position, row] of written.get(OUTBOX) ?? []) {
      const key = `${service} ${position}`
      const known = this.#entries.get(key)
      if (row === undefined) {
        if (known !== undefined) struckOff.push(known)
      } else {
        const entry = row as InMemoryEntry
        this.#entries.set(key, entry)
        entries.push(entry)
      }
    }
    const claims = [...(written.get(INBOX)?.keys() ?? [])].map((key): Claimed => {
      const [consumer, source, messageId] = JSON.parse(key) as [string, string, string]
      return { consumer, source, messageId }
    })
    const commit = { service, handling, entries, struckOff, claims }
    this.commits.push(commit)
    return commit
  }

  raise(messageIds: readonly string[]): void {
    for (const id of messageIds) this.raised.add(id)
  }

  accept(user: string, frame: Frame): Accepted | undefined {
    const { type, messageId = '' } = frame.properties
    const kind = parseWireType(type)?.kind
    if (kind === 'reply' || kind === 'error') return undefined
    const accepted = { user, messageId, frame }
    this.accepted.push(accepted)
    return accepted
  }

  receive(client: string, { id }: Message): void {
    const known = this.received.get(client)
    if (known === undefined) this.received.set(client, new Set([id]))
    else known.add(id)
  }
}
