import { splitType } from '../messages/names.ts'
import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import type { Invariant, Observed } from './invariant.ts'
import { effectOf, handlerOf } from './invariants-of-effects.ts'

/**
 * Whatever was committed has been handled by all who handle its kind, whatever was put by for a handler by that one, and
 * whatever was answered has been done.
 */
export const nothingLost: Invariant = {
  name: 'nothing accepted is lost',
  make: () => {
    const broker: { readonly service: string; readonly entry: InMemoryEntry }[] = []
    const handled = new Set<string>()
    /** Who has handled messages of a kind, by service and type. */
    const handlers = new Map<string, Set<string>>()
    /** What was put by and is not yet handled, by service and position. */
    const open = new Map<string, string>()

    const missedBy = (
      taker: string,
      { type, id }: InMemoryEntry['message'],
      { stores, ledger }: Observed,
    ) => {
      if (!stores.has(taker)) return ledger.received.get(taker)?.has(id) === true ? undefined : taker
      const all = [...(handlers.get(`${taker} ${type}`) ?? [type])]
      return all.find((handler) => !handled.has(effectOf(taker, { handler, messageId: id })))
    }
    return {
      onCommit: ({ service, handling, entries, struckOff }) => {
        for (const entry of entries) {
          if (entry.handler === null) broker.push({ service, entry })
          else open.set(`${service} ${entry.position}`, `${handlerOf(entry)} ${entry.message.id}`)
        }
        if (handling === null) return undefined
        handled.add(effectOf(service, handling))
        const [type = ''] = handling.handler.split('/')
        handlers.set(
          `${service} ${type}`,
          (handlers.get(`${service} ${type}`) ?? new Set()).add(handling.handler),
        )
        for (const { position } of struckOff) {
          const key = `${service} ${position}`
          if (open.get(key) === `${handling.handler} ${handling.messageId}`) open.delete(key)
        }
        return undefined
      },
      atRest: (observed) => {
        for (const { service, entry } of broker) {
          const { type, id } = entry.message
          for (const taker of takersOf(entry, observed)) {
            const missing = missedBy(taker, entry.message, observed)
            if (missing !== undefined)
              return `${type} ${id}, committed by ${service}, never came to ${missing} of ${taker}`
          }
        }
        for (const left of open.values()) return `${left} was put by, and never handled`
        for (const { by, command, answer } of observed.ledger.asked) {
          const { type, id } = command
          const { domain } = splitType(type)
          if (answer?.ok !== true || !observed.stores.has(domain)) continue
          if (!handled.has(effectOf(domain, { handler: type, messageId: id }))) {
            return `${type} ${id} was answered to ${by}, but ${domain} has not committed it`
          }
        }
        return undefined
      },
    }
  },
}

function takersOf({ message: { kind, type } }: InMemoryEntry, { system }: Observed): readonly string[] {
  if (kind === 'command') return [splitType(type).domain]
  return [...system.subscriptions]
    .filter(([, events]) => events.some((event) => event.type === type))
    .map(([name]) => name)
}
