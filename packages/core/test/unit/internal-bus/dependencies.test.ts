import { expect, test } from 'vitest'
import type { Delivery } from '../../../src/external-bus/external-bus.ts'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { detached, type HandlerContext, shared } from '../../../src/internal-bus/handlers.ts'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { localEntries, openShop, type ShopUnit, sell, shop, supplier } from './shop.ts'

interface Greeting {
  readonly greeting: string
}

const lamp = { sku: 'lamp' }
const delivery: Delivery = {
  caller: 'supplier',
  redelivered: false,
  attempt: 1,
  signal: new AbortController().signal,
  fingerprint: 'a1',
}

/** A shop in whose every table a handler notes its name and the greeting that it found. */
async function greetingShop(options: { readonly fails?: () => boolean } = {}) {
  const seen: string[] = []
  const noteAs =
    (name: string) =>
    (_message: unknown, _unit: unknown, { dependencies }: HandlerContext<Greeting>): void => {
      seen.push(`${name}: ${dependencies.greeting}`)
    }
  const opened = await openShop({
    dependencies: { greeting: 'hello', farewell: 'bye' },
    sell: async (command, unit, context) => {
      noteAs('command')(command, unit, context)
      return sell(command, unit)
    },
    events: {
      Sold: {
        own: (event, unit, context) => {
          if (options.fails?.() === true) throw new Error('no paper')
          noteAs('own')(event, unit, context)
        },
        shared: shared(noteAs('shared')),
        detached: detached(noteAs('detached')),
      },
    },
    shipped: { 'supplier.Shipped': { foreign: noteAs('foreign') } },
  })
  return { ...opened, seen }
}

test('HND-40 HND-41 BUS-34 the dependencies that a bus is made with reach the handlers of its three tables', async () => {
  const { bus, seen } = await greetingShop()

  await bus.handle(shop.commands.Sell(lamp))
  await bus.receive(supplier.events.Shipped(lamp), delivery)

  expect(seen).toEqual(['command: hello', 'shared: hello', 'own: hello', 'detached: hello', 'foreign: hello'])
})

test('BUS-10 HND-42 dependencies given to a call reach its command handler, in place of the defaults', async () => {
  const { bus, seen } = await greetingShop()

  await bus.handle(shop.commands.Sell(lamp), { dependencies: { greeting: 'ahoy' } })

  expect(seen[0]).toBe('command: ahoy')
})

test('BUS-11 dependencies given to a call reach the handlers of an event', async () => {
  const { bus, seen } = await greetingShop()

  await bus.handle(shop.events.Sold(lamp), { dependencies: { greeting: 'ahoy' } })

  expect(seen.sort()).toEqual(['detached: ahoy', 'own: ahoy', 'shared: ahoy'])
})

test('BUS-24 dependencies flow down from command to event to command to event, apart for two calls at once', async () => {
  const seen: string[] = []
  const note = (step: string, sku: string, { greeting }: Greeting) => seen.push(`${sku} ${step} ${greeting}`)
  const { bus } = await openShop({
    dependencies: { greeting: 'hello' },
    sell: async (command, unit, { dependencies }) => {
      note('sell', command.payload.sku, dependencies)
      return sell(command, unit)
    },
    events: {
      Sold: {
        restock: (event, unit, { dependencies }) => {
          note('sold', event.payload.sku, dependencies)
          unit.send(shop.commands.Restock(event.payload))
        },
      },
      Counted: { note: (event, _unit, { dependencies }) => note('counted', event.payload.sku, dependencies) },
    },
    restock: (unit, { dependencies }, { payload }) => {
      note('restock', payload.sku, dependencies)
      unit.publish(shop.events.Counted(payload))
    },
  })

  await Promise.all([
    bus.handle(shop.commands.Sell({ sku: 'lamp' }), { dependencies: { greeting: 'ahoy' } }),
    bus.handle(shop.commands.Sell({ sku: 'desk' }), { dependencies: { greeting: 'moin' } }),
    bus.handle(shop.commands.Sell({ sku: 'sofa' })),
  ])

  const steps = ['sell', 'sold', 'restock', 'counted']
  const of = (sku: string) => seen.filter((line) => line.startsWith(sku))
  expect(of('lamp')).toEqual(steps.map((step) => `lamp ${step} ahoy`))
  expect(of('desk')).toEqual(steps.map((step) => `desk ${step} moin`))
  expect(of('sofa')).toEqual(steps.map((step) => `sofa ${step} hello`))
  expect(seen.findIndex((line) => line.startsWith('desk'))).toBeLessThan(seen.indexOf('lamp counted ahoy'))
})

test('what a call was given is not stored: a relay gives the bus’s own', async () => {
  let broken = true
  const { bus, store, seen } = await greetingShop({ fails: () => broken })
  await bus.handle(shop.commands.Sell(lamp), { dependencies: { greeting: 'ahoy' } })
  seen.splice(0)
  broken = false

  await bus.dispatch(localEntries(store)[0] as OutboxEntry)

  expect(seen).toEqual(['own: hello'])
})

test('BUS-54 a call overrides some dependencies and leaves the others', async () => {
  const { bus } = await openShop({
    dependencies: { greeting: 'hello', farewell: 'bye' },
    sell: (_command, _unit, { dependencies: { greeting, farewell } }) =>
      Promise.reject(new Error(`${greeting}, ${farewell}`)),
  })
  const said = (dependencies: { readonly greeting?: string; readonly farewell?: string }) =>
    bus.handle(shop.commands.Sell(lamp), { dependencies })

  await expect(said({ farewell: 'ciao' })).rejects.toThrow('hello, ciao')
  await expect(said({ greeting: 'ahoy', farewell: 'ciao' })).rejects.toThrow('ahoy, ciao')
  await expect(said({})).rejects.toThrow('hello, bye')
})

/** A handler that has an answer of its own for want of a better one. */
const says = (
  _command: unknown,
  _unit: unknown,
  { dependencies: { greeting = 'well' } }: HandlerContext<Partial<Greeting>>,
) => Promise.reject(new Error(greeting))

test('HND-25 a handler’s own default serves when nobody gives anything', async () => {
  const { bus } = await openShop({ sell: says })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('well')
})

test('HND-26 HND-46 the call comes before the bus, and the bus before the handler’s own default', async () => {
  const { bus } = await openShop<Partial<Greeting>>({ dependencies: { greeting: 'hello' }, sell: says })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('hello')
  const given = bus.handle(shop.commands.Sell(lamp), { dependencies: { greeting: 'ahoy' } })
  await expect(given).rejects.toThrow('ahoy')
})

test('HND-43 two buses in a process have dependencies of their own', async () => {
  const one = await openShop({ dependencies: { greeting: 'hello' }, sell: says })
  const other = await openShop({ dependencies: { greeting: 'moin' }, sell: says })

  await expect(one.bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('hello')
  await expect(other.bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('moin')
})

test('HND-47 buses made of the same tables have their own defaults and see nothing that is added later', async () => {
  const seen: string[] = []
  const { units, store } = await openShop()
  const note =
    (name: string) =>
    (_event: unknown, _unit: ShopUnit, { dependencies }: HandlerContext<Greeting>) =>
      seen.push(`${name}: ${dependencies.greeting}`)
  const Sold = { first: note('first') }
  const make = (greeting: string) =>
    createMessageBus({
      domain: shop,
      units,
      outbox: store.queue,
      handlers: { commands: { Sell: sell, Restock: () => undefined }, events: { Sold } },
      dependencies: { greeting },
    })
  const [one, other] = [make('hello'), make('moin')]
  Object.assign(Sold, { later: note('later') })

  for (const bus of [one, other]) {
    await bus.start()
    await bus.handle(shop.events.Sold(lamp))
  }
  expect(seen).toEqual(['first: hello', 'first: moin'])
})

test('BUS-33 dependencies are read when the bus is made: what is set later has no effect', async () => {
  const dependencies = { greeting: 'hello' }
  const { bus } = await openShop({ dependencies, sell: says })
  dependencies.greeting = 'ahoy'

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('hello')
})

test('BUS-53 a handler cannot change its dependencies', async () => {
  const { bus } = await openShop({
    dependencies: { greeting: 'hello' },
    sell: async (_command, _unit, { dependencies }) => {
      Object.assign(dependencies, { greeting: 'ahoy' })
      return { sold: 0 }
    },
  })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow(TypeError)
  const given = bus.handle(shop.commands.Sell(lamp), { dependencies: { greeting: 'moin' } })
  await expect(given).rejects.toThrow(TypeError)
})

test('BUS-56 dependencies that a middleware puts in for one handler call are gone at the next', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    dependencies: { greeting: 'hello' },
    events: {
      Sold: {
        first: (_event, _unit, { dependencies }) => seen.push(dependencies.greeting),
        second: (_event, _unit, { dependencies }) => seen.push(dependencies.greeting),
      },
    },
    middleware: [
      (call, next) =>
        next(
          call.handler.endsWith('/first')
            ? { ...call.context, dependencies: { greeting: 'ahoy' } }
            : call.context,
        ),
    ],
  })

  await bus.handle(shop.events.Sold(lamp))

  expect(seen).toEqual(['ahoy', 'hello'])
})
