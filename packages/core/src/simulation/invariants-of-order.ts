import { splitType } from '../messages/names.ts'
import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import type { Invariant } from './invariant.ts'

/**
 * Messages of a key come to the broker for the first time in the order of their commits, and those that consume in order
 * claim them in it.
 */
export const orderPerKey: Invariant = {
  name: 'messages of a key keep their order',
  make: () => {
    const counts = new Map<string, number>()
    const places = new Map<string, Place>()
    const accepted = new Set<string>()
    const last = new Map<string, number>()
    const isOvertaken = (where: string, { lane, number }: Place) => {
      const key = `${where} ${lane}`
      const before = last.get(key) ?? 0
      last.set(key, Math.max(before, number))
      return number < before
    }
    return {
      onCommit: ({ service, entries, claims }, { ordered }) => {
        for (const entry of entries) {
          const lane = laneOf(service, entry)
          if (lane === null) continue
          const number = (counts.get(lane) ?? 0) + 1
          counts.set(lane, number)
          places.set(entry.message.id, { lane, number })
        }
        if (!ordered.has(service)) return undefined
        const late = claims.find(({ consumer, messageId }) => {
          const place = places.get(messageId)
          return place !== undefined && isOvertaken(`${service} ${consumer}`, place)
        })
        return late && `${late.messageId} was overtaken on its way to ${late.consumer} of ${service}`
      },
      onAccepted: ({ messageId, frame }) => {
        const place = places.get(messageId)
        if (place === undefined || accepted.has(messageId)) return undefined
        accepted.add(messageId)
        return isOvertaken('broker', place)
          ? `${frame.properties.type} ${messageId} was overtaken on its way to the broker`
          : undefined
      },
    }
  },
}

/** Which one of its key a message is. */
interface Place {
  readonly lane: string
  readonly number: number
}

function laneOf(service: string, { handler, key, message }: InMemoryEntry): string | null {
  return handler === null && key !== null ? `${service} ${splitType(message.type).domain} ${key}` : null
}
