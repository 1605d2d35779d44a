import type { Row } from '../../suite/row.ts'

export const row: Row = {
  name: 'relay',
  title: 'From the outbox to the broker',
  work: 'An outbox full of events of 200 bytes, each with a key of its own, until the last is confirmed by a quorum queue and deleted; one instance.',
  measures: { 'events/s': 'more' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings:
        '`Relay` on `drizzleOutboxQueue` and `RabbitMqExternalBus`, as they are: batches of 1,000 in parts of 250',
    },
    {
      name: 'raw loop',
      module: 'raw-loop',
      packageName: 'postgres',
      settings:
        'postgres.js and amqplib: 200 rows `for update skip locked`, published at once on a confirm channel, then deleted; has neither order per key nor retries',
    },
    {
      name: 'raw publisher, no outbox',
      module: 'raw-broker-alone',
      packageName: 'amqplib',
      settings: 'what the broker takes: the same events out of memory, 256 unconfirmed; deletes nothing',
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'events/s', against: 'raw loop', atLeast: 0.9 },
    { contender: 'posthorn', measure: 'events/s', against: 'raw publisher, no outbox', atLeast: 0.9 },
  ],
  rounds: 5,
  warmUp: 3,
  size: { full: 10_000, smoke: 300 },
  width: 256,
}
