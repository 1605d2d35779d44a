import { z } from 'zod'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import type { EventTable, HandlerContext, SubscriptionTable } from '../../../src/internal-bus/handlers.ts'
import type { MessageBusOptions } from '../../../src/internal-bus/message-bus.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { MessageOf } from '../../../src/messages/definitions.ts'
import type { Event } from '../../../src/messages/message.ts'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { Aggregate, AggregateMapping, Repository } from '../../../src/unit-of-work/repository.ts'
import type { UnitOfWork } from '../../../src/unit-of-work/unit-of-work.ts'

const item = z.object({ sku: z.string() })

/** A shop whose only command sells one of a thing and raises what the test wants. */
export const shop = defineDomain('shop', {
  commands: {
    Sell: command({
      input: item,
      output: z.object({ sold: z.int() }),
      errors: { NotForSale: item },
      allow: ['web'],
    }),
    Restock: command({ input: item }),
  },
  events: {
    Sold: event(item, { key: ({ sku }) => sku }),
    Counted: event(item, { private: true }),
    Echoed: event(item, { private: true }),
  },
})

export const supplier = defineDomain('supplier', {
  commands: { Order: command({ input: item, allow: ['shop'], key: ({ sku }) => sku }) },
  events: { Shipped: event(item) },
})

export class Shelf implements Aggregate {
  readonly id: string
  readonly events: Event[] = []
  sold: number

  constructor(id: string, sold = 0) {
    this.id = id
    this.sold = sold
  }
}

const mapping: AggregateMapping<Shelf> = {
  toRows: ({ id, sold }) => ({ root: { id, sold }, children: {} }),
  fromRows: ({ root }) => new Shelf(String(root['id']), Number(root['sold'])),
  childKeys: {},
}

export interface Shelves {
  readonly shelves: Repository<Shelf>
}
export type ShopUnit = UnitOfWork<Shelves, 'shop'>
type Sell = MessageOf<typeof shop.commands.Sell>
type Restock = MessageOf<typeof shop.commands.Restock>

/** Sells one, raising `Sold` through the aggregate. */
export async function sell({ payload }: Sell, { shelves }: ShopUnit): Promise<{ sold: number }> {
  let shelf = await shelves.get(payload.sku, { lock: 'update' })
  if (shelf === undefined) {
    shelf = new Shelf(payload.sku)
    shelves.add(shelf)
  }
  shelf.sold += 1
  shelf.events.push(shop.events.Sold({ sku: payload.sku }))
  return { sold: shelf.sold }
}

type SellHandler<N extends object> = (
  command: Sell,
  unit: ShopUnit,
  context: HandlerContext<N>,
) => Promise<{ sold: number }>

interface ShopOptions<N extends object>
  extends Partial<
    Pick<
      MessageBusOptions<typeof shop, Shelves, never, never, N>,
      'dependencies' | 'middleware' | 'handlerTimeout' | 'maxDepth' | 'lifespan' | 'onError'
    >
  > {
  readonly sell?: SellHandler<NoInfer<N>>
  readonly restock?: (unit: ShopUnit, context: HandlerContext<NoInfer<N>>, command: Restock) => unknown
  readonly events?: EventTable<typeof shop, Shelves, NoInfer<N>>
  readonly shipped?: SubscriptionTable<typeof supplier.events.Shipped, Shelves, 'shop', NoInfer<N>>
}

/** A running shop on a store of its own. */
export async function openShop<N extends object = object>(options: ShopOptions<N> = {}) {
  const made = makeShop(options)
  await made.bus.start()
  return made
}

/** A shop whose bus has yet to be started. */
export function makeShop<N extends object = object>(options: ShopOptions<N> = {}) {
  const { sell: handler = sell, restock, events = {}, shipped, ...rest } = options
  const store = new InMemoryStore()
  const repositories = { shelves: (unit: InMemoryUnit) => inMemoryRepository(unit, 'shelves', mapping) }
  const units = inMemoryUnitsOfWork({ domain: shop, store, repositories })
  const errors: unknown[] = []
  const bus = createMessageBus({
    domain: shop,
    units,
    outbox: store.queue,
    subscribes: [supplier.events.Shipped],
    onError: (error: unknown) => void errors.push(error),
    ...rest,
    handlers: {
      commands: {
        Sell: handler,
        Restock: (command: Restock, unit: ShopUnit, context: HandlerContext<N>) =>
          restock?.(unit, context, command) as undefined,
      },
      events,
      subscriptions: shipped ?? { 'supplier.Shipped': {} },
    },
  })
  const soldOf = async (sku: string) => {
    await using unit = await units.start()
    return (await unit.shelves.get(sku))?.sold ?? 0
  }
  return { bus, store, units, errors, soldOf }
}

/** What is still to be done for handlers in this process. */
export function localEntries(store: InMemoryStore): readonly OutboxEntry[] {
  const entries = [...(store.tables.get('outbox') as Map<string, OutboxEntry>).values()]
  return entries.filter(({ handler }) => handler !== null)
}

/** A promise and the function that settles it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
