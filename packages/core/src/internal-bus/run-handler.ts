import { abortOf, withSignal } from '../abort.ts'
import { PosthornError } from '../errors.ts'
import type { HandledOutcome, InboxKey } from '../inbox/inbox.ts'
import type { Command, Event, Message } from '../messages/message.ts'
import type { OutboxEntry, OutboxRecord } from '../outbox/outbox.ts'
import { localRecord } from '../outbox/outbox-record.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Transaction, UnitsOfWork } from '../unit-of-work/unit-of-work.ts'
import type { Handler, HandlerRegistry } from './handler-registry.ts'
import type { HandlerContext, Outgoing } from './handlers.ts'
import { type ChainLink, routeMessages } from './route-messages.ts'

/** One handler to run for one message, and what must hold for it to run at all. */
export interface Task<R extends object> extends ChainLink {
  readonly handler: Handler<R>
  /** For a message from outside: run only if the inbox does not know it. */
  readonly claim?: Claim
  /** For an outbox entry: run only if nobody has struck it off. */
  readonly position?: string
  /** For a detached handler whose entry is not leased yet: keep the others from it for so long, in ms. */
  readonly lease?: number
}

export interface Claim {
  readonly key: InboxKey
  readonly fingerprint: string
}

/** What a committed handler call leaves to do in this process. */
export interface FollowUp extends ChainLink {
  readonly handler: string
  readonly position: string
}

export interface Ran {
  readonly result: unknown
  readonly followUps: readonly FollowUp[]
}

export interface RunnerParts<R extends object> {
  readonly units: UnitsOfWork<R>
  readonly registry: HandlerRegistry<R>
  readonly maxDepth: number
  /** Keeps a leased entry; see `OutboxQueue.lease`. */
  readonly lease: (position: string, ms: number) => Promise<boolean>
  /** Repeats what conflicted with another unit. */
  readonly retry: <T>(work: (attempt: number) => Promise<T>) => Promise<T>
  readonly telemetry: Telemetry | undefined
}

const NOTHING: Ran = { result: undefined, followUps: [] }

/** Runs a task in a fresh unit of work, once; its conflicts are thrown. */
export function runInUnit<R extends object>(
  parts: RunnerParts<R>,
  task: Task<R>,
  context: HandlerContext,
  attempt: number,
): Promise<Ran> {
  const { handler, message } = task
  if (handler.transaction === 'none') {
    // A message from outside: its claim commits with an entry for the handler, which runs as a follow-up.
    const record = localRecord(message, handler.name, task.depth)
    return inUnit(parts, task, context, attempt, () => undefined, [record])
  }
  return inUnit(parts, task, context, attempt, ({ unit }) => handler.handle(message as never, unit, context))
}

/** Runs a detached handler, once, and then records its outcome in a unit that is repeated while it conflicts. */
export async function runDetached<R extends object>(
  parts: RunnerParts<R>,
  task: Task<R> & { readonly handler: { readonly transaction: 'none' } },
  context: HandlerContext,
): Promise<Ran> {
  const { handler, message, position, lease } = task
  if (position !== undefined && lease !== undefined && !(await parts.lease(position, lease))) return NOTHING
  const abort = abortOf(context)
  if (abort?.aborted) throw abort.reason
  const outgoing = collect()
  const result = await handler.handle(message as never, outgoing, context)
  return parts.retry((attempt) =>
    inUnit(parts, task, context, attempt, ({ unit }) => {
      for (const sent of outgoing.messages) {
        if (sent.kind === 'event') unit.publish(sent as Event)
        else unit.send(sent as Command)
      }
      return result
    }),
  )
}

/**
 * What a message from outside came to before.
 *
 * @throws {DeclaredError} when that was an error of its contract
 * @throws {PosthornError} `OutcomeUnreadable` when the contract has changed since and does not know it any more
 */
export function storedOutcome<R extends object>(
  registry: HandlerRegistry<R>,
  message: Message,
  outcome: HandledOutcome,
): unknown {
  const command = registry.commands.get(message.type)
  if (outcome.ok) return readStored(message, 'unknown', () => command?.result(outcome.result))
  const { name, data } = outcome.error
  throw readStored(message, 'failed', () => {
    const Declared = command?.errors[name]
    if (Declared === undefined) throw new Error(`${name} is not declared`)
    return new Declared(data)
  })
}

function readStored<T>(message: Message, outcome: 'failed' | 'unknown', read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new PosthornError(
      'OutcomeUnreadable',
      `${message.type} ${message.id} was handled before, with an outcome that its contract no longer knows`,
      { outcome, cause },
    )
  }
}

/** @param records what goes into the outbox; if absent, what the work has raised and sent */
async function inUnit<R extends object>(
  parts: RunnerParts<R>,
  task: Task<R>,
  context: HandlerContext,
  attempt: number,
  work: (transaction: Transaction<R>) => unknown,
  records?: readonly OutboxRecord[],
): Promise<Ran> {
  const { claim, position, handler, message } = task
  const handling = { handler: handler.fullName, messageId: message.id }
  const transaction = await parts.units.begin(withSignal({ attempt, handling, claim }, context))
  try {
    if (claim !== undefined) {
      const claimed = await transaction.inbox.claim(claim.key, claim.fingerprint)
      if (!claimed.first) {
        parts.telemetry?.note({ kind: 'repeated', type: task.message.type })
        return { result: storedOutcome(parts.registry, task.message, claimed.outcome), followUps: [] }
      }
    }
    if (position !== undefined && !(await transaction.outbox.strikeOff(position))) return NOTHING
    const result = await work(transaction)
    const leaving =
      records ?? (await routeMessages(transaction, task, parts.registry, context, parts.maxDepth))
    transaction.outbox.add(...leaving)
    if (claim !== undefined) transaction.inbox.record(claim.key, { ok: true, result })
    const entries = await transaction.commit()
    return { result, followUps: followUps(leaving, entries) }
  } finally {
    await transaction.rollback()
  }
}

function followUps(records: readonly OutboxRecord[], entries: readonly OutboxEntry[]): readonly FollowUp[] {
  const list: FollowUp[] = []
  records.forEach(({ handler, message, depth }, index) => {
    const entry = entries[index]
    if (handler !== null && entry !== undefined)
      list.push({ message, depth, handler, position: entry.position })
  })
  return list
}

function collect(): Outgoing & { readonly messages: readonly Message[] } {
  const messages: Message[] = []
  return {
    messages,
    publish: (event) => void messages.push(event),
    send: (command) => void messages.push(command),
  }
}
