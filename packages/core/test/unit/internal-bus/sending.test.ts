import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Delivery } from '../../../src/external-bus/external-bus.ts'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import {
  detached,
  type EventTable,
  type HandlerContext,
  type SubscriptionTable,
  shared,
} from '../../../src/internal-bus/handlers.ts'
import type { Middleware } from '../../../src/internal-bus/middleware.ts'
import { sending } from '../../../src/internal-bus/sending.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { MessageOf } from '../../../src/messages/definitions.ts'
import type { Message } from '../../../src/messages/message.ts'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { UnitOfWork } from '../../../src/unit-of-work/unit-of-work.ts'
import { localEntries } from './shop.ts'

const line = z.object({ sku: z.string(), qty: z.int().positive(), gift: z.string().optional() })

const orders = defineDomain('orders', {
  commands: { Place: command({ input: line }), Reserve: command({ input: line }) },
  events: { Placed: event(line, { private: true }) },
})
const depot = defineDomain('depot', {
  commands: {
    Pick: command({ input: line, allow: ['orders'] }),
    Refill: command({ input: z.object({ item: z.string(), boxes: z.int().positive() }), allow: ['orders'] }),
  },
  events: { RanOut: event(line) },
})

type Placed = MessageOf<typeof orders.events.Placed>
type Reserve = MessageOf<typeof orders.commands.Reserve>
interface Clerk {
  readonly clerk: string
}
const two = { sku: 'lamp', qty: 2 }

/** A domain that takes orders, and what it has sent. */
async function openOffice(options: {
  readonly placed?: EventTable<typeof orders, object>['Placed']
  readonly ranOut?: SubscriptionTable<typeof depot.events.RanOut, object, 'orders', object>['depot.RanOut']
  readonly reserve?: (command: Reserve, clerk: string, attempt: number) => void
  readonly middleware?: readonly Middleware[]
}) {
  const store = new InMemoryStore()
  const errors: unknown[] = []
  const bus = createMessageBus({
    domain: orders,
    units: inMemoryUnitsOfWork({ domain: orders, store, repositories: {} }),
    outbox: store.queue,
    subscribes: [depot.events.RanOut],
    dependencies: { clerk: 'Ann' },
    middleware: options.middleware ?? [],
    onError: (error) => void errors.push(error),
    handlers: {
      commands: {
        Place: ({ payload }, unit) => unit.publish(orders.events.Placed(payload)),
        Reserve: (message: Reserve, _unit: UnitOfWork, context: HandlerContext<Clerk>) =>
          options.reserve?.(message, context.dependencies.clerk, context.attempt),
      },
      events: { Placed: options.placed ?? {} },
      subscriptions: { 'depot.RanOut': options.ranOut ?? {} },
    },
  })
  await bus.start()
  /** The commands that wait for the broker, as text. */
  const sent = async () => {
    const found: string[] = []
    await store.queue.deliver(100, async (entries) => {
      for (const { message } of entries) found.push(`${message.type} ${message.body}`)
      return entries.map(({ position }) => ({ position, ok: true }))
    })
    return found
  }
  return { bus, store, errors, sent }
}

const delivery: Delivery = {
  caller: 'depot',
  redelivered: false,
  attempt: 1,
  signal: new AbortController().signal,
  fingerprint: 'a1',
}

test('HND-32 HND-54 without a condition each event sends the command, with the event’s own payload', async () => {
  const { bus, sent } = await openOffice({ placed: { pick: sending(depot.commands.Pick) } })

  await bus.handle(orders.commands.Place(two))
  await bus.handle(orders.commands.Place({ sku: 'desk', qty: 1 }))

  expect(await sent()).toEqual(['depot.Pick {"sku":"lamp","qty":2}', 'depot.Pick {"sku":"desk","qty":1}'])
})

test('HND-57 an event for which the condition is false sends nothing', async () => {
  const { bus, store, sent } = await openOffice({
    placed: { pick: sending(depot.commands.Pick, { when: ({ payload }) => payload.qty > 2 }) },
  })

  await bus.handle(orders.commands.Place(two))

  expect(await sent()).toEqual([])
  expect(await store.queue.depth()).toMatchObject({ local: 0, dead: 0 })
})

test('HND-33 conditions select among the handlers of an event: the first, the second, both, none', async () => {
  const { bus, sent } = await openOffice({
    placed: {
      pick: sending(depot.commands.Pick, { when: ({ payload }) => payload.qty < 5 }),
      refill: sending(depot.commands.Refill, {
        when: ({ payload }) => payload.sku === 'lamp',
        payload: ({ payload }) => ({ item: payload.sku, boxes: 1 }),
      }),
    },
  })
  const typesFor = async (sku: string, qty: number) => {
    await bus.handle(orders.events.Placed({ sku, qty }))
    return (await sent()).map((text) => text.split(' ', 1)[0])
  }

  expect(await typesFor('desk', 2)).toEqual(['depot.Pick'])
  expect(await typesFor('lamp', 9)).toEqual(['depot.Refill'])
  expect(await typesFor('lamp', 2)).toEqual(['depot.Pick', 'depot.Refill'])
  expect(await typesFor('desk', 9)).toEqual([])
})

test('HND-48 HND-49 HND-50 HND-51 HND-53 a condition is composed of the language’s own and, or, not, equal, present', async () => {
  const isGift = ({ payload }: Placed) => payload.gift !== undefined
  const isPair = ({ payload }: Placed) => payload.qty === 2
  const isLamp = ({ payload }: Placed) => payload.sku === 'lamp'
  const { bus, sent } = await openOffice({
    placed: {
      pick: sending(depot.commands.Pick, {
        when: (placed: Placed) => (isGift(placed) || isPair(placed)) && !isLamp(placed),
      }),
    },
  })
  const isSent = async (payload: Placed['payload']) => {
    await bus.handle(orders.events.Placed(payload))
    return (await sent()).length > 0
  }

  expect(await isSent({ sku: 'desk', qty: 2 })).toBe(true)
  expect(await isSent({ sku: 'desk', qty: 1, gift: 'bow' })).toBe(true)
  expect(await isSent({ sku: 'desk', qty: 2, gift: 'bow' })).toBe(true)
  expect(await isSent({ sku: 'desk', qty: 1 })).toBe(false)
  expect(await isSent({ sku: 'lamp', qty: 2 })).toBe(false)
})

test('HND-34 a converter makes the command’s payload of the event', async () => {
  const { bus, sent } = await openOffice({
    placed: {
      refill: sending(depot.commands.Refill, {
        payload: ({ payload: { sku, qty } }) => ({ item: sku, boxes: Math.ceil(qty / 10) }),
      }),
    },
  })

  await bus.handle(orders.commands.Place({ sku: 'lamp', qty: 42 }))

  expect(await sent()).toEqual(['depot.Refill {"item":"lamp","boxes":5}'])
})

test('HND-61 a subscription has the other domain’s words translated into one’s own', async () => {
  const reserved: unknown[] = []
  const { bus } = await openOffice({
    ranOut: {
      reserve: sending(orders.commands.Reserve, {
        when: ({ payload }) => payload.qty > 1,
        payload: ({ payload }) => ({ ...payload, sku: payload.sku.toUpperCase() }),
      }),
    },
    reserve: ({ payload }) => void reserved.push(payload),
  })

  await bus.receive(depot.events.RanOut(two), delivery)
  await bus.stop()

  expect(reserved).toEqual([{ sku: 'LAMP', qty: 2 }])
})

test('HND-56 the command has the event’s payload, an id and a time of its own, the event as its cause, and the call’s dependencies', async () => {
  const reserved: Message[] = []
  const clerks: string[] = []
  const { bus } = await openOffice({
    placed: { reserve: sending(orders.commands.Reserve) },
    reserve: (message, clerk) => {
      reserved.push(message)
      clerks.push(clerk)
    },
  })
  const placed = orders.events.Placed.receive({
    ...orders.events.Placed(two),
    time: '2020-02-02T02:02:02.000Z',
  })

  await bus.handle(placed, { dependencies: { clerk: 'Bob' } })

  const [message] = reserved
  expect(message?.payload).toEqual(placed.payload)
  expect(message?.id).not.toBe(placed.id)
  expect(message && message.time > placed.time).toBe(true)
  expect(message).toMatchObject({ causationId: placed.id, correlationId: placed.correlationId })
  expect(clerks).toEqual(['Bob'])
})

test('HND-35 an event that cannot be converted is told of and given up, and its other handlers run', async () => {
  const { bus, store, errors, sent } = await openOffice({
    placed: {
      refill: sending(depot.commands.Refill, { payload: ({ payload }) => ({ item: payload.sku, boxes: 0 }) }),
      pick: sending(depot.commands.Pick),
    },
  })

  await bus.handle(orders.commands.Place(two))

  expect(errors).toMatchObject([{ code: 'ValidationFailed' }])
  expect(await sent()).toHaveLength(1)
  expect(await store.queue.deadLetters()).toMatchObject([{ handler: 'refill' }])
})

test('HND-55 unless told otherwise every event sends its payload as it is, in one attempt, whose error is told', async () => {
  const reserved: unknown[] = []
  const { bus, errors } = await openOffice({
    placed: { reserve: sending(orders.commands.Reserve) },
    reserve: ({ payload }) => {
      reserved.push(payload)
      throw new Error('no room')
    },
  })

  await bus.handle(orders.commands.Place(two))

  expect(reserved).toEqual([two])
  expect(errors).toMatchObject([{ message: 'no room' }])
})

test('HND-36 a command that fails is tried again from the outbox, the same each time, and its last error comes out', async () => {
  const seen: unknown[] = []
  const { bus, store } = await openOffice({
    placed: { reserve: sending(orders.commands.Reserve) },
    reserve: ({ id }, _clerk, attempt) => {
      seen.push(id)
      throw new Error(`no ${attempt}`)
    },
  })
  await bus.handle(orders.commands.Place(two))

  const again = () => bus.dispatch(localEntries(store)[0] as OutboxEntry)
  await expect(again()).rejects.toThrow('no 2')
  await store.queue.fail(localEntries(store)[0]?.position ?? '', new Error('no 2'))
  await expect(again()).rejects.toThrow('no 3')

  expect(seen).toHaveLength(3)
  expect(new Set(seen).size).toBe(1)
})

/** Calls what it is around up to three times. */
const thrice =
  (handler: string): Middleware =>
  async (call, next) => {
    for (let attempt = 1; attempt < 3 && call.handler === handler; attempt++) {
      try {
        return await next()
      } catch {}
    }
    return next()
  }

test('HND-29 a middleware may repeat a command’s handler: three attempts with the same command, and the last error', async () => {
  const seen: Message[] = []
  const { bus } = await openOffice({
    reserve: (message) => {
      seen.push(message)
      throw new Error(`no ${seen.length}`)
    },
    middleware: [thrice('orders.Reserve')],
  })
  const reserve = orders.commands.Reserve(two)

  await expect(bus.handle(reserve)).rejects.toThrow('no 3')
  expect(seen).toEqual([reserve, reserve, reserve])
})

test('HND-62 a middleware may repeat one handler of an event', async () => {
  let tries = 0
  const { bus, sent, errors } = await openOffice({
    placed: {
      pick: sending(depot.commands.Pick, {
        when: () => {
          tries += 1
          if (tries < 3) throw new Error('not yet')
          return true
        },
      }),
    },
    middleware: [thrice('orders.Placed/pick')],
  })

  await bus.handle(orders.commands.Place(two))

  expect([tries, errors]).toEqual([3, []])
  expect(await sent()).toHaveLength(1)
})

test('given to shared, the command is stored by the unit that raised the event, which a fault in it undoes', async () => {
  const transactions: string[] = []
  const { bus, sent } = await openOffice({
    placed: {
      pick: shared(sending(depot.commands.Pick)),
      refill: shared(
        sending(depot.commands.Refill, {
          when: ({ payload }) => payload.sku === 'desk',
          payload: () => ({ item: '', boxes: 0 }),
        }),
      ),
    },
    middleware: [
      (call, next) => {
        transactions.push(call.handler)
        return next()
      },
    ],
  })

  await bus.handle(orders.commands.Place(two))
  expect(transactions).toEqual(['orders.Place'])
  expect(await sent()).toHaveLength(1)

  await expect(bus.handle(orders.commands.Place({ sku: 'desk', qty: 1 }))).rejects.toMatchObject({
    code: 'ValidationFailed',
  })
  expect(await sent()).toEqual([])
})

test('given to detached, the command is sent when the converter has returned', async () => {
  const { bus, sent } = await openOffice({ placed: { pick: detached(sending(depot.commands.Pick)) } })

  await bus.handle(orders.commands.Place(two))

  expect(await sent()).toHaveLength(1)
})
