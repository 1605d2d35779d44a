import { PosthornError } from '../errors.ts'
import type { HandledOutcome, InboxKey } from '../inbox/inbox.ts'
import type { Command, Event, Message } from '../messages/message.ts'
import type { OutboxEntry, OutboxRecord } from '../outbox/outbox.ts'
import type { Transaction, UnitsOfWork } from '../unit-of-work/unit-of-work.ts'
import type { Handler, HandlerRegistry } from './handler-registry.ts'
import type { HandlerContext, Outgoing } from './handlers.ts'
import { type ChainLink, routeMessages } from './route-messages.ts'

/** One handler to run for one message, and what must hold for it to run at all. */
export interface Task<R extends object> extends ChainLink {
  readonly handler: Handler<R>
  /** For a message from outside: run only if the inbox does not know it. */
  readonly claim?: { readonly key: InboxKey; readonly fingerprint: string }
  /** For an outbox entry: run only if nobody has struck it off. */
  readonly position?: string
  /** For a handler without a transaction whose entry is not leased yet: keep the others from it for so long, in ms. */
  readonly lease?: number
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
}

const NOTHING: Ran = { result: undefined, followUps: [] }

/** Runs a task once, in a fresh unit of work, or around none when the handler wants none. */
export async function runHandler<R extends object>(
  parts: RunnerParts<R>,
  task: Task<R>,
  context: HandlerContext,
  attempt: number,
): Promise<Ran> {
  const { handler, message } = task
  const route = (transaction: Transaction<R>) =>
    routeMessages(transaction, task, parts.registry, context, parts.maxDepth)

  if (handler.transaction !== 'none') {
    return inUnit(parts, task, context, attempt, async (transaction) => {
      const result = await handler.handle(message as never, transaction.unit, context)
      return { result, records: await route(transaction) }
    })
  }
  if (task.claim !== undefined) {
    // From outside: the claim commits with an entry for the handler, which runs as a follow-up.
    const record = { message, handler: handler.name, key: null, depth: task.depth }
    return inUnit(parts, task, context, attempt, async () => ({ result: undefined, records: [record] }))
  }
  if (task.position !== undefined && task.lease !== undefined) {
    if (!(await parts.lease(task.position, task.lease))) return NOTHING
  }
  const outgoing = collect()
  const result = await handler.handle(message as never, outgoing, context)
  return inUnit(parts, task, context, attempt, async (transaction) => {
    for (const sent of outgoing.messages) {
      if (sent.kind === 'event') transaction.unit.publish(sent as Event)
      else transaction.unit.send(sent as Command)
    }
    return { result, records: await route(transaction) }
  })
}

interface Worked {
  readonly result: unknown
  readonly records: readonly OutboxRecord[]
}

async function inUnit<R extends object>(
  parts: RunnerParts<R>,
  task: Task<R>,
  context: HandlerContext,
  attempt: number,
  work: (transaction: Transaction<R>) => Promise<Worked>,
): Promise<Ran> {
  const { claim, position } = task
  const transaction = await parts.units.begin({ signal: context.signal, attempt })
  try {
    if (claim !== undefined) {
      const claimed = await transaction.inbox.claim(claim.key, claim.fingerprint)
      if (!claimed.first)
        return { result: storedOutcome(parts.registry, task.message, claimed.outcome), followUps: [] }
    }
    if (position !== undefined && !(await transaction.outbox.strikeOff(position))) return NOTHING
    const { result, records } = await work(transaction)
    transaction.outbox.add(...records)
    if (claim !== undefined) transaction.inbox.record(claim.key, { ok: true, result })
    const entries = await transaction.commit()
    return { result, followUps: followUps(records, entries) }
  } finally {
    await transaction.rollback()
  }
}

function storedOutcome<R extends object>(
  registry: HandlerRegistry<R>,
  message: Message,
  outcome: HandledOutcome,
): unknown {
  const command = registry.commands.get(message.type)
  if (outcome.ok) return command?.result(outcome.result)
  const Declared = command?.errors[outcome.error.name]
  if (Declared !== undefined) throw new Declared(outcome.error.data as never)
  throw new PosthornError(
    'UnknownError',
    `${message.type} ${message.id} failed before with ${outcome.error.name}, which its contract no longer declares`,
    { outcome: 'failed' },
  )
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
