import type { Frame } from '../external-bus/broker.ts'
import type { InMemoryBroker, QueueState } from '../external-bus/in-memory-broker.ts'
import { deadQueue } from '../external-bus/names.ts'
import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import { OUTBOX } from '../unit-of-work/in-memory-store.ts'
import type { PlayedMembers } from './played-members.ts'
import type { RunningService } from './tested-service.ts'
import type { Tracker } from './tracker.ts'
import { wireName } from './wire-name.ts'

/** All that has not come to its end. */
export interface Unrest {
  readonly broker: InMemoryBroker
  readonly services: readonly RunningService[]
  readonly played: PlayedMembers
  readonly tracker: Tracker
}

/** Whether somebody does something at present, and does not merely wait for its time. */
export function isBusy({ services, played }: Unrest): boolean {
  if (services.some(({ busy }) => busy > 0)) return true
  return [...played.buses.values()].some((bus) => {
    const { handling, pendingCalls } = bus.health()
    return handling + pendingCalls > 0
  })
}

/** Whether nothing is left to be done, dead letters excepted. */
export async function isQuiet(unrest: Unrest): Promise<boolean> {
  const { broker, services } = unrest
  const nothingMoves = () => !isBusy(unrest) && broker.unsettled === 0
  if (!nothingMoves()) return false
  for (const { parts } of services) {
    const depth = await parts.outbox.depth()
    if (depth.broker + depth.local > 0) return false
  }
  return nothingMoves()
}

/** What is left to be done, a line for each: who, and which message. Never a payload. */
export async function describeUnrest({ broker, services, played, tracker }: Unrest): Promise<string[]> {
  const lines: string[] = []
  for (const { domain, handler, message, since } of tracker.underWay) {
    const ms = Math.round(performance.now() - since)
    lines.push(`${domain}: ${handler} has been handling ${message.type} ${message.id} for ${ms} ms`)
  }
  for (const [name, bus] of played.buses) {
    const { pendingCalls } = bus.health()
    if (pendingCalls > 0) lines.push(`${name}, played by the test, waits for ${answers(pendingCalls)}`)
  }
  for (const { vhost, name, waiting, out } of workQueues(broker)) {
    for (const frame of waiting) lines.push(`${name} of ${vhost}: ${nameOf(frame)} waits`)
    if (out > 0) lines.push(`${name} of ${vhost}: ${out} delivered and not settled`)
  }
  for (const service of services) lines.push(...(await describeOutbox(service)))
  return lines
}

async function describeOutbox({ domain, store, parts, keepsTime }: RunningService): Promise<string[]> {
  if (!keepsTime) {
    const { broker, local } = await parts.outbox.depth()
    return broker + local === 0
      ? []
      : [`outbox of ${domain}: ${broker} for the broker, ${local} for handlers`]
  }
  const entries = [...(store.tables.get(OUTBOX)?.values() ?? [])] as InMemoryEntry[]
  return entries
    .filter(({ diedAt }) => diedAt === null)
    .map(({ message, handler, attempts, reason }) => {
      const whom = handler === null ? 'the broker' : `its handler ${handler}`
      const why = attempts === 0 ? '' : `, failed ${attempts} times, at last with ${reason}`
      return `outbox of ${domain}: ${message.type} ${message.id} for ${whom}${why}`
    })
}

/** All but the dead queues, unless they are empty. */
function workQueues(broker: InMemoryBroker): readonly QueueState[] {
  return broker
    .queues()
    .filter(({ name, waiting, out }) => waiting.length + out > 0 && !name.endsWith(deadQueue('')))
}

function nameOf({ properties: { type, messageId } }: Frame): string {
  return `${type === undefined ? 'a message' : wireName(type)} ${messageId}`
}

function answers(count: number): string {
  return count === 1 ? 'an answer' : `${count} answers`
}
