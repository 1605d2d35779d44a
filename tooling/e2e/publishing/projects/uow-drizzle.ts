// Units of work and the outbox on Postgres alone: there is no broker.
import { command, createMessageBus, defineDomain, event } from '@posthorn/core'
import { drizzleOutboxQueue, drizzleUnitsOfWork, migrate, postgresDriver } from '@posthorn/uow-drizzle'
import { sql } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { z } from 'zod'

const visit = z.object({ page: z.string() })
const count = z.object({ page: z.string(), visits: z.int() })
const counting = defineDomain('counting', {
  commands: { Visit: command({ input: visit, output: count, errors: { Closed: visit } }) },
  events: { Visited: event(count, { key: ({ page }) => page }) },
})
const pages = pgTable('pages', { page: text().primaryKey(), visits: integer().notNull() })

const driver = postgresDriver(process.argv[2] ?? '')
const units = drizzleUnitsOfWork({
  domain: counting,
  driver,
  repositories: {},
  adapters: {
    visits: ({ db }) => ({
      add: async (page: string) => {
        const [row = { page, visits: 0 }] = await db
          .insert(pages)
          .values({ page, visits: 1 })
          .onConflictDoUpdate({ target: pages.page, set: { visits: sql`${pages.visits} + 1` } })
          .returning()
        return row
      },
    }),
  },
})
const outbox = drizzleOutboxQueue(driver)
const bus = createMessageBus({
  domain: counting,
  units,
  outbox,
  handlers: {
    commands: {
      Visit: async ({ payload: { page } }, unit) => {
        const counted = await unit.visits.add(page)
        unit.publish(counting.events.Visited(counted))
        if (page === '/closed') throw new counting.errors.Closed({ page })
        return counted
      },
    },
    events: { Visited: { print: ({ payload }) => console.log(`heard of visit ${payload.visits}`) } },
  },
})

await migrate(driver)
await driver.db.execute(sql`create table pages (page text primary key, visits integer not null)`)
await bus.start()
for (const page of ['/', '/', '/closed']) {
  await bus.handle(counting.commands.Visit({ page })).then(
    ({ visits }) => console.log(`${page} has ${visits}`),
    (error) => console.log(`${page}: ${error.name}`),
  )
}
console.log(
  `${(await driver.db.select().from(pages)).length} page, ${(await outbox.depth()).broker} messages`,
)
await bus.stop()
await driver.end()
