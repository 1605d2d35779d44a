import type { InMemoryEntry } from '../outbox/in-memory-outbox-queue.ts'
import type { Handling } from '../unit-of-work/unit-of-work.ts'
import type { Invariant } from './invariant.ts'
import type { Commit } from './ledger.ts'

/** Of what was rolled back nobody hears: what a unit has put into the outbox leaves it after the commit. */
export const nothingFromRolledBackUnits: Invariant = {
  name: 'nothing is told of what was rolled back',
  make: () => {
    const committed = new Set<string>()
    return {
      onCommit: ({ entries }) => {
        for (const { message } of entries) committed.add(message.id)
        return undefined
      },
      onAccepted: ({ user, messageId, frame }, { ledger }) =>
        ledger.raised.has(messageId) && !committed.has(messageId)
          ? `${frame.properties.type} ${messageId} left ${user}, which has not committed it`
          : undefined,
    }
  },
}

/** Each handler commits the handling of a message once, whatever it has done. */
export const effectsOnce: Invariant = {
  name: 'effects happen once',
  make: () => {
    const done = new Set<string>()
    return {
      onCommit: (commit) => {
        const { service, handling } = commit
        if (handling === null || isKept(commit, handling)) return undefined
        const effect = effectOf(service, handling)
        if (done.has(effect)) return `${handling.handler} has handled ${handling.messageId} twice`
        done.add(effect)
        return undefined
      },
    }
  },
}

/** For a detached handler a message is first only put into the outbox. */
function isKept({ entries }: Commit, { messageId }: Handling): boolean {
  return entries.some(({ handler, message }) => handler !== null && message.id === messageId)
}

export function effectOf(service: string, { handler, messageId }: Handling): string {
  return `${service} ${handler} ${messageId}`
}

/** The name under which a local entry's handler is known. */
export function handlerOf({ handler, message: { type, kind } }: InMemoryEntry): string {
  return kind === 'command' ? type : `${type}/${handler}`
}
