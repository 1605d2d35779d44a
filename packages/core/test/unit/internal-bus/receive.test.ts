import { expect, test } from 'vitest'
import { z } from 'zod'
import { PosthornError } from '../../../src/errors.ts'
import type { Delivery } from '../../../src/external-bus/external-bus.ts'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { detached, shared } from '../../../src/internal-bus/handlers.ts'
import { command } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import { serializationConflict } from '../../../src/unit-of-work/unit-errors.ts'
import { gate, openShop, sell, shop, supplier } from './shop.ts'

const lamp = { sku: 'lamp' }
const delivery: Delivery = {
  caller: 'web',
  redelivered: false,
  attempt: 1,
  signal: new AbortController().signal,
  fingerprint: 'a1',
}

test('B12 C35 C48 a command delivered twice runs once and answers the same both times', async () => {
  const { bus, soldOf } = await openShop()
  const command = shop.commands.Sell(lamp)

  expect(await bus.receive(command, delivery)).toEqual({ sold: 1 })
  expect(await bus.receive(command, { ...delivery, redelivered: true })).toEqual({ sold: 1 })
  expect(await soldOf('lamp')).toBe(1)
})

test('C36 a command delivered twice at once runs once', async () => {
  const { bus, soldOf } = await openShop()
  const command = shop.commands.Sell(lamp)

  const answers = await Promise.all([bus.receive(command, delivery), bus.receive(command, delivery)])

  expect(answers).toEqual([{ sold: 1 }, { sold: 1 }])
  expect(await soldOf('lamp')).toBe(1)
})

test('B12 C37 one id from two senders are two messages', async () => {
  const { bus, soldOf } = await openShop()
  const command = shop.commands.Sell(lamp)

  await bus.receive(command, delivery)
  await bus.receive(command, { ...delivery, caller: 'mobile' })

  expect(await soldOf('lamp')).toBe(2)
})

test('B12 C49 one id with another body is refused', async () => {
  const { bus } = await openShop()
  const command = shop.commands.Sell(lamp)
  await bus.receive(command, delivery)

  await expect(bus.receive(command, { ...delivery, fingerprint: 'b2' })).rejects.toMatchObject({
    code: 'IdempotencyKeyReuse',
  })
})

test('a declared error is the answer though a conflict kept it from being stored at first', async () => {
  const { store, units } = await openShop()
  let begun = 0
  let sales = 0
  const conflicting = {
    ...units,
    begin: async (options?: Parameters<typeof units.begin>[0]) => {
      begun += 1
      if (begun === 2) throw serializationConflict('Somebody was quicker')
      return units.begin(options)
    },
  }
  const bus = createMessageBus({
    domain: shop,
    units: conflicting,
    outbox: store.queue,
    handlers: {
      commands: {
        Sell: () => {
          sales += 1
          throw new shop.errors.NotForSale(lamp)
        },
        Restock: () => undefined,
      },
    },
  })
  await bus.start()
  const command = shop.commands.Sell(lamp)

  await expect(bus.receive(command, delivery)).rejects.toBeInstanceOf(shop.errors.NotForSale)
  await expect(bus.receive(command, delivery)).rejects.toBeInstanceOf(shop.errors.NotForSale)
  expect(sales).toBe(1)
})

test('a declared error is stored and given again, though its unit was rolled back', async () => {
  let tries = 0
  const { bus, soldOf } = await openShop({
    sell: async (command, unit) => {
      tries += 1
      await sell(command, unit)
      throw new shop.errors.NotForSale(lamp)
    },
  })
  const command = shop.commands.Sell(lamp)

  await expect(bus.receive(command, delivery)).rejects.toThrow(shop.errors.NotForSale)
  await expect(bus.receive(command, delivery)).rejects.toThrow(shop.errors.NotForSale)
  expect(tries).toBe(1)
  expect(await soldOf('lamp')).toBe(0)
})

test('a declared error is the answer, though storing it met a conflict first', async () => {
  const domain = defineDomain('till', {
    commands: { Open: command({ input: z.object({}), errors: { Locked: z.object({}) } }) },
  })
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({ domain, store, repositories: {} })
  const conflicts = [new PosthornError('ConcurrencyConflict', 'changed meanwhile', { outcome: 'failed' })]
  const conflicting: typeof units = {
    ...units,
    begin: async (options) => {
      const transaction = await units.begin(options)
      const record = transaction.inbox.record
      transaction.inbox.record = (...outcome) => {
        const conflict = conflicts.pop()
        if (conflict !== undefined) throw conflict
        record(...outcome)
      }
      return transaction
    },
  }
  let tries = 0
  const open = () => {
    tries += 1
    throw new domain.errors.Locked({})
  }
  const handlers = { commands: { Open: async () => open() } }
  const bus = createMessageBus({ domain, units: conflicting, outbox: store.queue, handlers })
  await bus.start()

  const message = domain.commands.Open({})
  await expect(bus.receive(message, delivery)).rejects.toThrow(domain.errors.Locked)
  await expect(bus.receive(message, delivery)).rejects.toThrow(domain.errors.Locked)
  expect([tries, conflicts]).toEqual([1, []])
})

test('an outcome that the contract no longer knows is said to be just that, and nothing runs again', async () => {
  const store = new InMemoryStore()
  const tills = (
    output: z.ZodType<object>,
    errors: { readonly [name: string]: z.ZodType },
    open: () => object,
  ) => {
    const domain = defineDomain('till', {
      commands: { Open: command({ input: z.object({}), output, errors }) },
    })
    const units = inMemoryUnitsOfWork({ domain, store, repositories: {} })
    const handlers = { commands: { Open: async () => open() } }
    return { domain, bus: createMessageBus({ domain, units, outbox: store.queue, handlers }) }
  }
  const before = tills(z.object({ sum: z.int() }), { Locked: z.object({}) }, () => {
    const { Locked } = before.domain.errors
    if (locked && Locked !== undefined) throw new Locked({})
    return { sum: 1 }
  })
  const after = tills(z.object({ sum: z.int(), currency: z.string() }), {}, () => ({
    sum: 2,
    currency: 'EUR',
  }))
  let locked = false
  const opened = before.domain.commands.Open({})
  const refused = before.domain.commands.Open({})
  await before.bus.start()
  await before.bus.receive(opened, delivery)
  locked = true
  await expect(before.bus.receive(refused, delivery)).rejects.toMatchObject({ name: 'Locked' })

  await after.bus.start()
  for (const [message, outcome] of [
    [opened, 'unknown'],
    [refused, 'failed'],
  ] as const) {
    await expect(after.bus.receive(message, delivery)).rejects.toMatchObject({
      code: 'OutcomeUnreadable',
      outcome,
    })
  }
})

test('a command that failed otherwise runs again when it is delivered again', async () => {
  let broken = true
  const { bus } = await openShop({
    sell: async (command, unit) => {
      if (broken) throw new Error('broken')
      return sell(command, unit)
    },
  })
  const command = shop.commands.Sell(lamp)

  await expect(bus.receive(command, delivery)).rejects.toThrow('broken')
  broken = false
  expect(await bus.receive(command, delivery)).toEqual({ sold: 1 })
})

test('C35 C38 an event delivered again runs only the handlers that failed', async () => {
  const ran: string[] = []
  let broken = true
  const { bus } = await openShop({
    shipped: {
      'supplier.Shipped': {
        first: () => ran.push('first'),
        second: () => {
          ran.push('second')
          if (broken) throw new Error('broken')
        },
        third: () => ran.push('third'),
      },
    },
  })
  const shipped = supplier.events.Shipped(lamp)
  const fromSupplier = { ...delivery, caller: 'supplier' }

  await expect(bus.receive(shipped, fromSupplier)).rejects.toMatchObject({
    code: 'HandlersFailed',
    retryable: true,
    details: { handlers: ['supplier.Shipped/second'] },
  })
  broken = false
  await bus.receive(shipped, { ...fromSupplier, attempt: 2 })
  await bus.receive(shipped, { ...fromSupplier, attempt: 3 })

  expect(ran).toEqual(['first', 'second', 'third', 'second'])
})

test("a handler learns its message's caller, attempt and redelivery", async () => {
  const contexts: unknown[] = []
  const { bus } = await openShop({
    sell: async (_command, _unit, { caller, attempt, redelivered }) => {
      contexts.push({ caller, attempt, redelivered })
      return { sold: 0 }
    },
  })

  await bus.receive(shop.commands.Sell(lamp), { ...delivery, attempt: 3, redelivered: true })
  await bus.handle(shop.commands.Sell(lamp))

  expect(contexts).toEqual([
    { caller: 'web', attempt: 3, redelivered: true },
    { caller: 'shop', attempt: 1, redelivered: false },
  ])
})

test('a detached handler runs after the commit, and what it sends goes out when it has returned', async () => {
  const seen: number[] = []
  const { bus, store, soldOf } = await openShop({
    events: {
      Sold: {
        mail: detached(async (_event, outgoing) => {
          seen.push(await soldOf('lamp'))
          outgoing.send(supplier.commands.Order(lamp))
        }),
      },
    },
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(seen).toEqual([1])
  expect(await store.queue.depth()).toMatchObject({ broker: 2, local: 0 })
})

test('a detached handler of a foreign event is stored with the claim, and runs once however often it is delivered', async () => {
  let mails = 0
  const { bus, store } = await openShop({
    shipped: {
      'supplier.Shipped': {
        mail: detached(() => {
          mails += 1
          throw new Error('no connection')
        }),
      },
    },
  })
  const shipped = supplier.events.Shipped(lamp)

  await bus.receive(shipped, delivery)
  await bus.receive(shipped, delivery)
  expect(mails).toBe(1)
  expect((await store.queue.depth()).local).toBe(1)
})

test('a delivery is answered when it is committed, and does not wait for its follow-ups', async () => {
  const { opened, open } = gate()
  const { bus, store } = await openShop({ events: { Sold: { slow: detached(() => opened) } } })

  expect(await bus.receive(shop.commands.Sell(lamp), delivery)).toEqual({ sold: 1 })
  expect((await store.queue.depth()).local).toBe(1)
  open()
  await bus.stop()
  expect((await store.queue.depth()).local).toBe(0)
})

test('when two deliveries of a command overlap, both get the outcome that was committed', async () => {
  const first = gate()
  let tries = 0
  const { bus, soldOf } = await openShop({
    sell: async (command, unit) => {
      tries += 1
      if (tries > 1) return sell(command, unit)
      await first.opened
      throw new shop.errors.NotForSale(lamp)
    },
  })
  const command = shop.commands.Sell(lamp)
  const both = Promise.all([bus.receive(command, delivery), bus.receive(command, delivery)])
  first.open()

  expect(await both).toEqual([{ sold: 1 }, { sold: 1 }])
  expect(await soldOf('lamp')).toBe(1)
})

test('one id for two commands is refused, though their bodies are the same', async () => {
  const { bus } = await openShop()
  const sold = shop.commands.Sell(lamp)
  await bus.receive(sold, delivery)

  await expect(bus.receive({ ...shop.commands.Restock(lamp), id: sold.id }, delivery)).rejects.toMatchObject({
    code: 'IdempotencyKeyReuse',
  })
})

test('a detached handler runs once, however often the record of its outcome conflicts', async () => {
  let mails = 0
  let conflicts = 0
  const { bus, store } = await openShop({
    events: {
      Sold: {
        mail: detached((_event, outgoing) => {
          mails += 1
          outgoing.publish(shop.events.Counted(lamp))
        }),
      },
      Counted: {
        view: shared(() => {
          conflicts += 1
          if (conflicts < 3)
            throw new PosthornError('ConcurrencyConflict', 'changed meanwhile', { outcome: 'failed' })
        }),
      },
    },
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect([mails, conflicts]).toEqual([1, 3])
  expect((await store.queue.depth()).local).toBe(0)
})
