import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import {
  type CommandTable,
  detached,
  type EventTable,
  type HandlerContext,
  shared,
} from '../../../src/internal-bus/handlers.ts'
import type { MessageBus } from '../../../src/internal-bus/message-bus.ts'
import { sending } from '../../../src/internal-bus/sending.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { MessageOf } from '../../../src/messages/definitions.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'

// What these tests refuse the compiler refuses: they fail in `npm run types`.

const item = z.object({ sku: z.string() })
const shop = defineDomain('shop', {
  commands: { Sell: command({ input: item }), Count: command({ input: z.object({ shelf: z.int() }) }) },
  events: { Sold: event(item), Counted: event(z.object({ shelf: z.int() })) },
})
const depot = defineDomain('depot', {
  commands: {
    Refill: command({ input: item, allow: ['shop'] }),
    Close: command({ input: item, allow: ['owner'] }),
  },
})

type Sell = MessageOf<typeof shop.commands.Sell>
type Count = MessageOf<typeof shop.commands.Count>
type Sold = MessageOf<typeof shop.events.Sold>
type Commands<N extends object = object> = CommandTable<typeof shop, object, N>
type Handles<N extends object = object> = Commands<N>['Sell']
type SoldHandler = NonNullable<EventTable<typeof shop, object>['Sold']>[string]

/** A handler that needs something. */
const needing =
  <N extends object>() =>
  (_command: Sell, _unit: object, _context: HandlerContext<N>) =>
    undefined

function makeBus() {
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({ domain: shop, store, repositories: {} })
  const commands = { Sell: needing<{ till: string }>(), Count: () => undefined }
  const base = { domain: shop, units, outbox: store.queue, handlers: { commands } }
  return { base, bus: createMessageBus({ ...base, dependencies: { till: 'one' } }) }
}

test('HND-02 a handler’s command is known from its place in the table', () => {
  const table: Commands = {
    Sell: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<{ sku: string }>()
    },
    Count: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<{ shelf: number }>()
    },
  }
  expectTypeOf(table).toEqualTypeOf<Commands>()
})

test('HND-04 a handler of an event is none of a command', () => {
  expectTypeOf<(event: Sold) => void>().toExtend<SoldHandler>()
  expectTypeOf<(event: Sold) => void>().not.toExtend<Handles>()
})

test('HND-05 a handler takes one command, not two', () => {
  expectTypeOf<(sell: Sell) => void>().toExtend<Handles>()
  expectTypeOf<(sell: Sell, count: Count) => void>().not.toExtend<Handles>()
})

test('HND-16 nothing is handled without a message', async () => {
  const { bus } = makeBus()
  await bus.start()
  // @ts-expect-error there is no command
  await expect(bus.handle()).rejects.toThrow(TypeError)
})

test('HND-17 a handler that needs what the bus does not have does not fit it', () => {
  const { base } = makeBus()
  // @ts-expect-error the till is missing
  createMessageBus(base)
  // @ts-expect-error the till is still missing
  createMessageBus({ ...base, dependencies: { drawer: 'one' } })
  createMessageBus({ ...base, dependencies: { till: 'one', drawer: 'two' } })
})

test('so does not an event’s handler, whatever its transaction', () => {
  const { base } = makeBus()
  const commands = { Sell: () => undefined, Count: () => undefined }
  const note = (_event: Sold, _unit: object, _context: HandlerContext<{ till: string }>) => undefined
  const make = <const T extends object>(Sold: T) => ({ ...base, handlers: { commands, events: { Sold } } })
  const dependencies = { till: 1 }
  // @ts-expect-error the till is missing
  createMessageBus(make({ note }))
  // @ts-expect-error the till is a number
  createMessageBus({ ...make({ note }), dependencies })
  // @ts-expect-error the till is a number
  createMessageBus({ ...make({ note: shared(note) }), dependencies })
  // @ts-expect-error the till is a number
  createMessageBus({ ...make({ note: detached(note) }), dependencies })
  createMessageBus({ ...make({ note, view: shared(note) }), dependencies: { till: 'one' } })
  createMessageBus({ ...make({}), dependencies })
})

test('HND-20 a dependency of the wrong type is refused, of the bus and of the call', async () => {
  const { base, bus } = makeBus()
  // @ts-expect-error the till is a number
  createMessageBus({ ...base, dependencies: { till: 1 } })
  await bus.start()
  // @ts-expect-error the till is a number
  await bus.handle(shop.commands.Sell({ sku: 'lamp' }), { dependencies: { till: 1 } })
})

test('HND-21 a generic type is checked with its arguments', () => {
  const handler = needing<{ prices: Map<string, number> }>()
  expectTypeOf(handler).toExtend<Handles<{ prices: Map<string, number> }>>()
  expectTypeOf(handler).not.toExtend<Handles<{ prices: Map<string, string> }>>()
})

test('HND-22 a union takes any of its members', () => {
  const handler = needing<{ till: string | number }>()
  expectTypeOf(handler).toExtend<Handles<{ till: string }>>()
  expectTypeOf(handler).toExtend<Handles<{ till: number }>>()
  expectTypeOf(handler).not.toExtend<Handles<{ till: boolean }>>()
})

test('HND-23 what may be null takes null', () => {
  expectTypeOf(needing<{ till: string | null }>()).toExtend<Handles<{ till: null }>>()
  expectTypeOf(needing<{ till: string }>()).not.toExtend<Handles<{ till: null }>>()
  expectTypeOf(needing<{ till?: string }>()).toExtend<Handles>()
})

test('HND-24 a call cannot be given what the bus does not know', async () => {
  const { bus } = makeBus()
  await bus.start()
  // @ts-expect-error there is no drawer
  await bus.handle(shop.commands.Sell({ sku: 'lamp' }), { dependencies: { drawer: 'two' } })
})

test('who needs nothing says nothing, and any bus will do', () => {
  const { bus } = makeBus()
  expectTypeOf<(sell: Sell, unit: object, context: HandlerContext) => void>().toExtend<
    Handles<{ till: string }>
  >()
  expectTypeOf(bus).toExtend<MessageBus<'shop'>>()
  expectTypeOf(bus).toExtend<MessageBus>()
})

test('HND-52 a condition is a function from the event to true or false', () => {
  // @ts-expect-error a text is no condition
  sending(depot.commands.Refill, { when: 'lamp' })
  // @ts-expect-error a text is neither true nor false
  sending(depot.commands.Refill, { when: ({ payload }: Sold) => payload.sku })
  sending(depot.commands.Refill, { when: ({ payload }: Sold) => payload.sku === 'lamp' })
})

test('HND-58 a payload for another command is refused', () => {
  // @ts-expect-error that counts a shelf
  sending(depot.commands.Refill, { payload: () => ({ shelf: 7 }) })
  expectTypeOf(sending(depot.commands.Refill, { payload: () => ({ sku: 'lamp' }) })).toExtend<SoldHandler>()
})

test('HND-59 a command cannot be sent in answer to a command', () => {
  expectTypeOf(sending(depot.commands.Refill)).toExtend<SoldHandler>()
  expectTypeOf(sending(depot.commands.Refill)).not.toExtend<Handles>()
})

test('HND-60 what was made for one event does not fit another', () => {
  type CountedHandler = NonNullable<EventTable<typeof shop, object>['Counted']>[string]
  const refill = sending(depot.commands.Refill, { when: ({ payload }: Sold) => payload.sku === 'lamp' })
  expectTypeOf(refill).toExtend<SoldHandler>()
  expectTypeOf(refill).not.toExtend<CountedHandler>()
  // Without a converter the event's payload must be the command's.
  expectTypeOf(sending(depot.commands.Refill)).not.toExtend<CountedHandler>()
})

test('a command that the contract does not let the domain send fits none of its tables', () => {
  expectTypeOf(sending(depot.commands.Close)).not.toExtend<SoldHandler>()
  expectTypeOf(sending(shop.commands.Sell)).toExtend<SoldHandler>()
})
