import type { Row } from '../../suite/row.ts'

const SAME = 'the same transaction as raw, with the job’s id in the inbox'

export const row: Row = {
  name: 'consumer',
  title: 'Consume into the database',
  work: 'From a backlog, each message in a transaction of its own: its id into the inbox, an order read for update, changed and written, an event into the outbox; 10 connections, acknowledged after the commit.',
  measures: { 'messages/s': 'more' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings:
        'a message bus on `RabbitMqExternalBus` and `drizzleUnitsOfWork`, with a repository; prefetch 200',
    },
    {
      name: 'raw',
      module: 'raw',
      packageName: 'postgres',
      settings:
        'amqplib and postgres.js, `noDelay`, prefetch 200, statements sent together where they can be; has neither retries nor time limits nor validation',
    },
    {
      name: 'pg-boss',
      module: 'pg-boss',
      packageName: 'pg-boss',
      settings: `\`work\` with batches of 1,000, which it completes with one statement each; ${SAME}; no broker; the newest for Node 20`,
    },
    {
      name: 'graphile-worker',
      module: 'graphile-worker',
      packageName: 'graphile-worker',
      settings: `20 jobs at once, a local queue of 500 and batched completion, as its page on performance advises; ${SAME}; no broker; the newest for Node 20`,
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'messages/s', against: 'raw', atLeast: 0.8 },
    { contender: 'posthorn', measure: 'messages/s', against: 'pg-boss', atLeast: 1 },
    { contender: 'posthorn', measure: 'messages/s', against: 'graphile-worker', atLeast: 1 },
  ],
  rounds: 5,
  warmUp: 3,
  size: { full: 3_000, smoke: 100 },
  width: 256,
}
