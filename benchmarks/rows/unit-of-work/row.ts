import type { Row } from '../../suite/row.ts'

const ONE_AFTER_ANOTHER = 'pg, pool of 8, statements one after another: what pg has no pipeline for'

/** Read committed, the order's row locked, its version checked and raised by 1; 8 at work on orders of their own. */
export const row: Row = {
  name: 'unit-of-work',
  title: 'Read an aggregate, change it and store a message, in one transaction',
  work: 'An order with 5 lines of 1,000 is read for update; a line, the total and the version change; one outbox row. 8 at once. Flights: how often one transaction waits for the server, counted on a line of 20 ms each way.',
  measures: { 'transactions/s': 'more', flights: 'less', 'CPU µs': 'less' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings: 'as it is: guarded connections, time limits set for each transaction, a validated event',
    },
    {
      name: 'raw postgres.js',
      module: 'raw-postgres-js',
      packageName: 'postgres',
      settings:
        '`sql.begin`, prepared statements, those that need no answer sent together; no time limits, no lookup of a lost commit',
    },
    {
      name: 'raw, two flights',
      module: 'raw-postgres-js',
      argument: 'reserved',
      packageName: 'postgres',
      settings:
        'the same on a reserved connection: BEGIN goes out with the reads, and COMMIT with the writes, unseen what they come to',
    },
    {
      name: 'drizzle',
      module: 'drizzle',
      packageName: 'drizzle-orm',
      settings: '`db.transaction` on postgres.js, statements that need no answer sent together',
    },
    {
      name: 'drizzle, prepared',
      module: 'drizzle',
      argument: 'prepared',
      packageName: 'drizzle-orm',
      settings: 'the same, each statement by `prepare(name)`',
    },
    {
      name: 'Kysely',
      module: 'kysely',
      packageName: 'kysely',
      settings: `the newest for Node 20; ${ONE_AFTER_ANOTHER}`,
    },
    {
      name: 'TypeORM',
      module: 'typeorm',
      packageName: 'typeorm',
      settings: 'relations by a join, version column, `save` with cascade; pg, pool of 8',
    },
    {
      name: 'MikroORM',
      module: 'mikro-orm',
      packageName: '@mikro-orm/core',
      settings:
        'the newest for Node 20; `transactional` on a fork, version property, lines by a second select, written by its unit of work; pg, pool of 8',
    },
    {
      name: 'Prisma',
      module: 'prisma',
      packageName: '@prisma/client',
      settings:
        'interactive transaction with the pg adapter, pool of 8; optimistic, because its reads take no lock: the update asks for the version',
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'flights', atMost: 4 },
    { contender: 'posthorn', measure: 'flights', against: 'every peer', atMost: 0.99 },
    { contender: 'posthorn', measure: 'transactions/s', against: 'drizzle', atLeast: 1.3 },
    { contender: 'posthorn', measure: 'transactions/s', against: 'drizzle, prepared', atLeast: 1.3 },
    { contender: 'posthorn', measure: 'CPU µs', against: 'raw postgres.js', atMost: 1.6 },
  ],
  rounds: 5,
  size: { full: 1_000, smoke: 40 },
}
