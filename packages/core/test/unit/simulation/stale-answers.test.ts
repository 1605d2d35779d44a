import type { Aggregate, AggregateMapping } from '@posthorn/core'
import { command, createMessageBus, defineDomain, defineSystem, event } from '@posthorn/core'
import { inMemoryRepository, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { type Host, type Invariant, simulate, type World } from '@posthorn/core/simulation'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { failureOf } from './failure-of.ts'

const nothing = z.object({})
const count = z.object({ count: z.number() })
const counter = defineDomain('counter', {
  commands: {
    Count: command({ input: nothing, output: count, allow: ['web'] }),
    Look: command({ input: nothing, output: count, allow: ['web'] }),
  },
  events: { Counted: event(nothing, { private: true }) },
})

interface Counter extends Aggregate {
  count: number
}

const mapping: AggregateMapping<Counter> = {
  toRows: ({ id, count }) => ({ root: { id, count }, children: {} }),
  fromRows: ({ root }) => ({ id: String(root.id), count: Number(root.count), events: [] }),
  childKeys: {},
}

/** Keeps what it has read until it hears that it has changed. */
function service({ store }: Host) {
  let known: number | undefined
  const units = inMemoryUnitsOfWork({
    domain: counter,
    store,
    repositories: { counters: (unit) => inMemoryRepository(unit, 'counters', mapping) },
  })
  const bus = createMessageBus({
    domain: counter,
    units,
    outbox: store.queue,
    handlers: {
      commands: {
        Count: async (_command, unit) => {
          const found = await unit.counters.get('one', { lock: 'update' })
          const one = found ?? { id: 'one', count: 0, events: [] }
          if (found === undefined) unit.counters.add(one)
          one.count += 1
          unit.publish(counter.events.Counted({}))
          return { count: one.count }
        },
        Look: async (_command, unit) => {
          known ??= (await unit.counters.get('one'))?.count ?? 0
          return { count: known }
        },
      },
      events: {
        Counted: {
          forget: () => {
            known = undefined
          },
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

const world: World = {
  system: defineSystem({ domains: [counter], clients: { web: {} } }),
  services: { counter: { start: service } },
  script: ({ int }) => {
    const ask = (at: number, name: 'Count' | 'Look') => ({
      by: 'web',
      at,
      command: () => counter.commands[name]({}),
    })
    const early = [0, 1, 2].flatMap(() => [ask(int(0, 100), 'Count'), ask(int(0, 100), 'Look')])
    return [...early, ask(20_000, 'Look')]
  },
}

const lookersSeeAll: Invariant = {
  name: 'who looks last sees all',
  make: () => ({
    atRest: ({ ledger }) => {
      const { answer } = ledger.asked.at(-1) ?? {}
      return answer?.ok && Object(answer.result).count === 3 ? undefined : JSON.stringify(answer)
    },
  }),
}

test('an answer from the store can be outdated when it arrives', async () => {
  const failure = await failureOf(
    simulate(world, { seeds: 500, faults: [], shrink: 0, invariants: [lookersSeeAll] }),
  )

  expect(failure.invariant).toBe('who looks last sees all')
  expect(failure.message).toMatch(/read counters one: done/)
})
