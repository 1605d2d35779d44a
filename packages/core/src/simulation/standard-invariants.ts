import { splitType } from '../messages/names.ts'
import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import type { Invariant } from './invariant.ts'
import { answersArrive, callsSettle, requestsAreServed } from './invariants-of-calls.ts'
import type { Claimed, Commit } from './ledger.ts'

/** An event or a command that left through the outbox of a service that did not commit it, or has not yet. */
const nothingFromRolledBackUnits: Invariant = {
  name: 'nothing is told of what was rolled back',
  make: () => {
    const committed = new Set<string>()
    return {
      onCommit: ({ entries }) => {
        for (const { message } of entries) committed.add(message.id)
        return undefined
      },
      onAccepted: ({ user, messageId, frame }, { stores }) =>
        stores.has(user) && frame.properties.replyTo === undefined && !committed.has(messageId)
          ? `${frame.properties.type} ${messageId} left ${user}, which has not committed it`
          : undefined,
    }
  },
}

/** Each handler commits the effect of a message once. What a unit has done is seen by the messages that it caused. */
const effectsOnce: Invariant = {
  name: 'effects happen once',
  make: () => {
    const done = new Set<string>()
    return {
      onCommit: (commit) => {
        const taken = new Set(commit.claims.map(({ messageId }) => messageId))
        // A message that is kept for a handler of its own was not caused here.
        const caused = commit.entries.filter(({ message }) => !taken.has(message.id))
        for (const cause of new Set(caused.map(({ message }) => message.causationId))) {
          if (cause === null) continue
          const effect = `${commit.service} ${cause} ${handlerOf(commit, cause)}`
          if (done.has(effect)) return `${commit.service} has handled ${cause} twice`
          done.add(effect)
        }
        return undefined
      },
    }
  },
}

/** By what the unit claimed or struck off for the message; nothing, for whoever did neither. */
function handlerOf({ claims, struckOff }: Commit, cause: string): string {
  const entry = struckOff.find(({ message }) => message.id === cause)
  if (entry !== undefined) return `entry ${entry.handler}`
  return claims.find(({ messageId }) => messageId === cause)?.consumer ?? ''
}

/** Messages of a key come to the broker for the first time in the order of their commits. */
const orderPerKey: Invariant = {
  name: 'messages of a key keep their order',
  make: () => {
    const lanes = new Map<string, number>()
    const places = new Map<string, { readonly lane: string; readonly place: number; seen: boolean }>()
    const last = new Map<string, number>()
    return {
      onCommit: ({ service, entries }) => {
        for (const entry of entries) {
          const lane = laneOf(service, entry)
          if (lane === null) continue
          const place = (lanes.get(lane) ?? 0) + 1
          lanes.set(lane, place)
          places.set(entry.message.id, { lane, place, seen: false })
        }
        return undefined
      },
      onAccepted: ({ messageId, frame }) => {
        const known = places.get(messageId)
        if (known === undefined || known.seen) return undefined
        known.seen = true
        const before = last.get(known.lane) ?? 0
        last.set(known.lane, Math.max(before, known.place))
        return known.place < before ? `${frame.properties.type} ${messageId} was overtaken` : undefined
      },
    }
  },
}

function laneOf(service: string, { handler, key, message }: InMemoryEntry): string | null {
  return handler === null && key !== null ? `${service} ${splitType(message.type).domain} ${key}` : null
}

/** Whatever was committed has reached all who must have it, and whatever was answered has been done. */
const nothingLost: Invariant = {
  name: 'nothing accepted is lost',
  make: () => {
    const broker: { readonly service: string; readonly entry: InMemoryEntry }[] = []
    const claims = new Set<string>()
    const claim = (at: string, { source, messageId }: Pick<Claimed, 'source' | 'messageId'>) =>
      `${at} ${source} ${messageId}`
    return {
      onCommit: (commit) => {
        for (const entry of commit.entries) {
          if (entry.handler === null) broker.push({ service: commit.service, entry })
        }
        for (const one of commit.claims) claims.add(claim(commit.service, one))
        return undefined
      },
      atRest: ({ system, stores, ledger }) => {
        for (const { service, entry } of broker) {
          const { id, type, kind } = entry.message
          const takers =
            kind === 'command'
              ? [splitType(type).domain]
              : [...system.subscriptions]
                  .filter(([, events]) => events.some((one) => one.type === type))
                  .map(([name]) => name)
          for (const taker of takers) {
            const has = stores.has(taker)
              ? claims.has(claim(taker, { source: service, messageId: id }))
              : ledger.received.get(taker)?.has(id) === true
            if (!has) return `${type} ${id}, committed by ${service}, never came to ${taker}`
          }
        }
        for (const { by, command, answer } of ledger.asked) {
          const { domain } = splitType(command.type)
          if (answer?.ok !== true || !stores.has(domain)) continue
          if (!claims.has(claim(domain, { source: by, messageId: command.id }))) {
            return `${command.type} ${command.id} was answered to ${by}, but ${domain} has not committed it`
          }
        }
        return undefined
      },
    }
  },
}

/** When nothing goes wrong any more, all comes to rest. */
const eventuallyQuiet: Invariant = {
  name: 'all comes to rest',
  make: () => ({
    atRest: ({ leftovers }) => (leftovers.length > 0 ? `left: ${leftovers.join('; ')}` : undefined),
  }),
}

/** What Posthorn promises of every system. */
export const standardInvariants: readonly Invariant[] = [
  nothingFromRolledBackUnits,
  effectsOnce,
  orderPerKey,
  nothingLost,
  callsSettle,
  answersArrive,
  requestsAreServed,
  eventuallyQuiet,
]
