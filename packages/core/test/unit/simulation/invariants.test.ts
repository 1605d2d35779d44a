import { randomUUID } from 'node:crypto'
import { defineDomain, defineSystem, event } from '@posthorn/core'
import type { Accepted, Commit, Observed } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { InMemoryEntry } from '../../../src/outbox/in-memory-outbox-queue.ts'
import { effectsOnce, nothingFromRolledBackUnits } from '../../../src/simulation/invariants-of-effects.ts'
import { nothingLost } from '../../../src/simulation/invariants-of-loss.ts'
import { orderPerKey } from '../../../src/simulation/invariants-of-order.ts'
import { Ledger } from '../../../src/simulation/ledger.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'

const source = defineDomain('source', { commands: {}, events: { Told: event(z.object({})) } })
const system = defineSystem({
  domains: [source, defineDomain('sink', { commands: {}, events: {} })],
  subscriptions: { sink: [source.events.Told] },
})
const TOLD = source.events.Told.type

function observed(): Observed {
  const stores = new Map([...system.domains.keys()].map((name) => [name, new InMemoryStore()]))
  return {
    system,
    ordered: new Set(['sink']),
    ledger: new Ledger(),
    faults: new Map(),
    stores,
    leftovers: [],
  }
}

let positions = 0

function entry(handler: string | null, id: string = randomUUID(), key = 'k'): InMemoryEntry {
  positions += 1
  const message = { id, type: TOLD, kind: 'event' }
  // What the invariants look at.
  return { position: String(positions), handler, key, message } as unknown as InMemoryEntry
}

function commit(service: string, part: Partial<Commit>): Commit {
  return { service, handling: null, entries: [], struckOff: [], claims: [], ...part }
}

describe('effects happen once', () => {
  test('a handler that commits a message twice breaks that, though it tells nobody of it', () => {
    const { onCommit } = effectsOnce.make()
    const handling = { handler: `${TOLD}/count`, messageId: 'm' }

    expect(onCommit?.(commit('sink', { handling }), observed())).toBeUndefined()
    expect(onCommit?.(commit('source', { handling }), observed())).toBeUndefined()
    expect(onCommit?.(commit('sink', { handling }), observed())).toContain('has handled m twice')
  })

  test('a detached handler puts a message by and then handles it: that is once', () => {
    const { onCommit } = effectsOnce.make()
    const handling = { handler: `${TOLD}/mail`, messageId: 'm' }
    const kept = entry('mail', 'm')

    expect(onCommit?.(commit('sink', { handling, entries: [kept] }), observed())).toBeUndefined()
    expect(onCommit?.(commit('sink', { handling, struckOff: [kept] }), observed())).toBeUndefined()
    expect(onCommit?.(commit('sink', { handling }), observed())).toContain('twice')
  })
})

describe('nothing is told of what was rolled back', () => {
  const accepted = (messageId: string) =>
    ({ user: 'source', messageId, frame: { properties: {} } }) as Accepted

  test('what was raised and not committed breaks that; what was never in a unit is free to go', () => {
    const { onCommit, onAccepted } = nothingFromRolledBackUnits.make()
    const seen = observed()
    const [one, two] = [entry(null), entry(null)]
    seen.ledger.raise([one.message.id, two.message.id])
    onCommit?.(commit('source', { entries: [one] }), seen)

    expect(onAccepted?.(accepted(one.message.id), seen)).toBeUndefined()
    expect(onAccepted?.(accepted('published directly'), seen)).toBeUndefined()
    expect(onAccepted?.(accepted(two.message.id), seen)).toContain('has not committed it')
  })
})

describe('nothing accepted is lost', () => {
  const [first, second] = [entry(null), entry(null)]
  const handled = (name: string, { message: { id } }: InMemoryEntry) =>
    commit('sink', { handling: { handler: `${TOLD}/${name}`, messageId: id } })

  test('each handler of a service must have an event that some handler of it has had', () => {
    const { onCommit, atRest } = nothingLost.make()
    const seen = observed()
    onCommit?.(commit('source', { entries: [first, second] }), seen)
    expect(atRest?.(seen)).toContain('never came to')
    for (const one of [handled('mail', first), handled('count', first), handled('mail', second)]) {
      onCommit?.(one, seen)
    }

    expect(atRest?.(seen)).toContain(`never came to ${TOLD}/count of sink`)
    onCommit?.(handled('count', second), seen)
    expect(atRest?.(seen)).toBeUndefined()
  })

  test('what was put by for a handler must be struck off by that one', () => {
    const { onCommit, atRest } = nothingLost.make()
    const seen = observed()
    const kept = entry('mail')
    const strikeOff = (name: string) => onCommit?.({ ...handled(name, kept), struckOff: [kept] }, seen)
    onCommit?.(commit('source', { entries: [] }), seen)
    onCommit?.(commit('sink', { entries: [kept] }), seen)

    strikeOff('count')
    expect(atRest?.(seen)).toContain('was put by, and never handled')
    strikeOff('mail')
    expect(atRest?.(seen)).toBeUndefined()
  })
})

describe('messages of a key keep their order', () => {
  test('also on their way to the handlers of who consumes in order', () => {
    const [one, two] = [entry(null), entry(null)]
    const claimedBy = (service: string, { message }: InMemoryEntry) =>
      commit(service, { claims: [{ consumer: 'count', source: 'source', messageId: message.id }] })
    const { onCommit } = orderPerKey.make()
    onCommit?.(commit('source', { entries: [one, two] }), observed())

    for (const each of [two, one]) expect(onCommit?.(claimedBy('source', each), observed())).toBeUndefined()
    expect(onCommit?.(claimedBy('sink', two), observed())).toBeUndefined()
    expect(onCommit?.(claimedBy('sink', one), observed())).toContain('was overtaken on its way to count')
  })
})
