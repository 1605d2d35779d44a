import {
  type Aggregate,
  type AggregateMapping,
  command,
  createMessageBus,
  defineDomain,
  defineSystem,
  event,
} from '@posthorn/core'
import { type InMemoryUnit, inMemoryRepository, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import type { Host, Invariant, World } from '@posthorn/core/simulation'
import { z } from 'zod'

const account = z.object({ account: z.string() })
const bank = defineDomain('bank', {
  commands: { Pay: command({ input: account, output: z.object({}), allow: ['web'] }) },
  events: { Paid: event(account.extend({ number: z.int() }), { key: (paid) => paid.account }) },
})
const archive = defineDomain('archive', { commands: {}, events: {} })
const ACCOUNTS = ['ann', 'bob']

interface Account extends Aggregate {
  payments: number
}

const mapping: AggregateMapping<Account> = {
  toRows: ({ id, payments }) => ({ root: { id, payments }, children: {} }),
  fromRows: ({ root }) => ({ id: String(root.id), payments: Number(root.payments), events: [] }),
  childKeys: {},
}

function startBank({ store }: Host) {
  const accounts = (unit: InMemoryUnit) => inMemoryRepository(unit, 'accounts', mapping)
  const units = inMemoryUnitsOfWork({ domain: bank, store, repositories: { accounts } })
  const bus = createMessageBus({
    domain: bank,
    units,
    outbox: store.queue,
    handlers: {
      commands: {
        Pay: async ({ payload: { account: id } }, unit) => {
          const found = await unit.accounts.get(id, { lock: 'update' })
          const paying = found ?? { id, payments: 0, events: [] }
          if (found === undefined) unit.accounts.add(paying)
          paying.payments += 1
          unit.publish(bank.events.Paid({ account: id, number: paying.payments }))
          return {}
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

function startArchive({ store, externalBus }: Host) {
  const lists = (unit: InMemoryUnit) => unit.table<readonly number[]>('lists')
  const units = inMemoryUnitsOfWork({ domain: archive, store, repositories: {}, adapters: { lists } })
  externalBus.registerDomains(bank.name)
  const bus = createMessageBus({
    domain: archive,
    units,
    outbox: store.queue,
    subscribes: [bank.events.Paid],
    handlers: {
      commands: {},
      subscriptions: {
        'bank.Paid': {
          note: ({ payload: { account: id, number } }, unit) => {
            unit.lists.set(id, [...(unit.lists.get(id) ?? []), number])
          },
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

/** A bank that pays, and an archive of two processes that notes each account's payments in order. */
export const orderedWorld: World = {
  system: defineSystem({
    domains: [bank, archive],
    clients: { web: {} },
    subscriptions: { archive: [bank.events.Paid] },
  }),
  services: {
    bank: { start: startBank },
    archive: { instances: 2, bus: { ordered: true }, start: startArchive },
  },
  script: (random) =>
    Array.from({ length: random.int(4, 10) }, () => {
      const payment = { account: random.pick(ACCOUNTS) }
      return { by: 'web', at: random.int(0, 200), command: () => bank.commands.Pay(payment) }
    }),
}

export const inOrder: Invariant = {
  name: 'the archive has all payments in order',
  make: () => ({
    atRest: ({ stores }) => {
      for (const [id, { root }] of stores.get('bank')?.aggregates('accounts') ?? []) {
        const noted = stores.get('archive')?.rows<readonly number[]>('lists').get(id) ?? []
        const all = Array.from({ length: Number(root.payments) }, (_, index) => index + 1)
        if (noted.join() !== all.join()) return `${id} has ${all.length} payments; noted are ${noted.join()}`
      }
      return undefined
    },
  }),
}
