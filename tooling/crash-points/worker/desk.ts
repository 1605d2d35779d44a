import { Relay } from '@posthorn/core'
import {
  drizzleInbox,
  drizzleOutboxQueue,
  drizzleUnitsOfWork,
  type PostgresDriver,
  postgresDriver,
} from '@posthorn/uow-drizzle'
import { desk } from '../system.ts'
import { deskBus } from './desk-bus.ts'
import { effectsOf } from './effects.ts'
import type { WorkerParts } from './parts.ts'

/** In ms: how often it looks for old entries of the inbox. */
const CLEANING = 100
/** In ms; longer than any handler runs here. */
const LEASE = 5_000

/** The desk as a service: it takes orders, and passes on what they came to. */
export async function startDesk({ orders, passing, connect }: WorkerParts) {
  const driver = postgresDriver(orders.deskUrl)
  const outbox = passing.queue(drizzleOutboxQueue(driver))
  const units = drizzleUnitsOfWork({
    domain: desk,
    driver,
    repositories: {},
    adapters: { effects: effectsOf },
  })
  const bus = deskBus({ units: passing.units(units), outbox, driver, middleware: passing.handlers })
  const link = connect('desk')
  bus.listenTo(link)
  const relay = new Relay({
    queue: outbox,
    forward: (message) => link.forward(message),
    dispatch: (entry) => bus.dispatch(entry),
    poll: orders.poll,
    lease: LEASE,
    onError: () => undefined,
  })
  await bus.start()
  relay.start()
  await link.start()
  const cleaning = clean(driver)
  return {
    stop: async () => {
      clearInterval(cleaning)
      await link.stop()
      await bus.stop()
      await relay.stop()
      await driver.end()
    },
  }
}

function clean(driver: PostgresDriver): NodeJS.Timeout {
  const inbox = drizzleInbox(driver)
  return setInterval(() => void inbox.purge().catch(() => undefined), CLEANING)
}
