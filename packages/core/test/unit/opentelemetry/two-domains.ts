import { z } from 'zod'
import type { ExternalBus } from '../../../src/external-bus/external-bus.ts'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { inMemoryExternalBus } from '../../../src/external-bus/in-memory-external-bus.ts'
import { planSystem } from '../../../src/external-bus/plan-system.ts'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { detached, type Outgoing } from '../../../src/internal-bus/handlers.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'
import type { MessageOf } from '../../../src/messages/definitions.ts'
import type { Message } from '../../../src/messages/message.ts'
import { Relay } from '../../../src/outbox/relay.ts'
import type { Telemetry } from '../../../src/telemetry/telemetry.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'

const item = z.object({ sku: z.string() })

export const shop = defineDomain('shop', {
  commands: {
    Sell: command({ input: item, output: item, errors: { SoldOut: item }, allow: ['depot'] }),
    Price: command({ input: item, output: z.object({ price: z.int() }), allow: ['depot'] }),
  },
  events: { Sold: event(item, { key: ({ sku }) => sku }), Told: event(item, { private: true }) },
})

const depot = defineDomain('depot', {
  commands: { Count: command({ input: item, output: item }) },
  events: { Moved: event(item, { private: true }) },
})

const system = defineSystem({
  domains: [shop, depot],
  subscriptions: { depot: [shop.events.Sold] },
})

/** What handlers do in place of what they would; each is told what it is called with. */
export interface Behaviour {
  sell?(message: Message): void
  move?(message: Message): void
}

/** Two domains on one broker in memory: a sale is heard of in the depot, which asks for its price and then moves it. */
export async function twoDomains(telemetry: Telemetry | undefined, behaviour: Behaviour = {}) {
  const heard = telemetry === undefined ? {} : { telemetry }
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const onError = () => undefined
  const shopLink: ExternalBus<'shop'> = inMemoryExternalBus({
    domain: 'shop',
    system,
    broker,
    onError,
    ...heard,
  })
  const depotLink: ExternalBus<'depot'> = inMemoryExternalBus({
    domain: 'depot',
    system,
    broker,
    onError,
    attempts: 1,
    ...heard,
  })
  const shopStore = new InMemoryStore()
  const shopUnits = inMemoryUnitsOfWork({ domain: shop, store: shopStore, repositories: {}, ...heard })
  const shopBus = createMessageBus({
    domain: shop,
    units: shopUnits,
    outbox: shopStore.queue,
    handlers: {
      commands: {
        Sell: (message, unit) => {
          behaviour.sell?.(message)
          unit.publish(shop.events.Sold(message.payload))
          unit.publish(shop.events.Told(message.payload))
          return message.payload
        },
        Price: () => ({ price: 7 }),
      },
      events: { Told: { note: () => undefined } },
    },
    ...heard,
  })
  const depotStore = new InMemoryStore()
  const moved = deferred()
  let moves = 0
  const depotBus = createMessageBus({
    domain: depot,
    units: inMemoryUnitsOfWork({ domain: depot, store: depotStore, repositories: {}, ...heard }),
    outbox: depotStore.queue,
    subscribes: [shop.events.Sold],
    handlers: {
      commands: { Count: ({ payload }) => payload },
      events: {
        Moved: {
          done: () => {
            moves += 1
            moved.resolve()
          },
        },
      },
      subscriptions: {
        'shop.Sold': {
          move: detached(async (message: MessageOf<typeof shop.events.Sold>, outgoing: Outgoing<'depot'>) => {
            behaviour.move?.(message)
            await depotLink.call(shop.commands.Price(message.payload, message))
            outgoing.publish(depot.events.Moved(message.payload))
          }),
        },
      },
    },
    onError,
    ...heard,
  })
  shopBus.listenTo(shopLink)
  depotBus.listenTo(depotLink)
  depotLink.registerDomains('shop')
  const relay = new Relay({
    queue: shopStore.queue,
    forward: (message) => shopLink.forward(message),
    dispatch: (entry) => shopBus.dispatch(entry),
    onError,
    ...heard,
  })
  for (const part of [shopBus, depotBus, shopLink, depotLink]) await part.start()
  relay.start()
  return {
    shopBus,
    shopUnits,
    shopStore,
    broker,
    shopLink,
    depotLink,
    /** Resolves when the depot has moved something. */
    moved: moved.promise,
    moves: () => moves,
    stop: async () => {
      await relay.stop()
      for (const part of [depotLink, shopLink, depotBus, shopBus]) await part.stop()
    },
  }
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}
