import { createMessageBus } from '@posthorn/core'
import { drizzleOutboxQueue, drizzleUnitsOfWork, postgresDriver } from '@posthorn/uow-drizzle'
import { books, desk } from '../system.ts'
import { effectsOf } from './effects.ts'
import type { WorkerParts } from './parts.ts'

/** The books as a service: they write down what was placed. */
export async function startBooks({ orders, passing, connect }: WorkerParts) {
  const driver = postgresDriver(orders.booksUrl)
  const units = drizzleUnitsOfWork({
    domain: books,
    driver,
    repositories: {},
    adapters: { effects: effectsOf },
  })
  const bus = createMessageBus({
    domain: books,
    units: passing.units(units),
    outbox: drizzleOutboxQueue(driver),
    middleware: [passing.handlers],
    subscribes: [desk.events.Placed],
    handlers: {
      commands: {},
      subscriptions: {
        'desk.Placed': {
          book: async ({ id, payload }, { effects }, { attempt }) => {
            const { order, flavour, key, n } = payload
            if (flavour === 'shaky' && attempt === 1) throw new Error('Not at the first attempt')
            await effects.write('booked', { event: id, message: order, key, n })
          },
        },
      },
    },
  })
  const link = connect('books')
  bus.listenTo(link)
  await bus.start()
  await link.start()
  return {
    stop: async () => {
      await link.stop()
      await bus.stop()
      await driver.end()
    },
  }
}
