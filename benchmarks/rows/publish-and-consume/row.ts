import type { Row } from '../../suite/row.ts'

/** Confirms, persistent messages on a quorum queue, prefetch 200, at most 256 unconfirmed, each acknowledged by hand. */
export const row: Row = {
  name: 'publish-and-consume',
  title: 'Publish with confirm, consume, acknowledge',
  work: 'Events of 200 bytes of JSON from one process to itself by a quorum queue.',
  measures: { 'events/s': 'more' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings: 'as it is: two buses, a publisher and a subscriber',
    },
    {
      name: 'raw amqplib',
      module: 'raw-amqplib',
      packageName: 'amqplib',
      settings: '`noDelay`, confirm channel, persistent, prefetch 200, 256 unconfirmed',
    },
  ],
  targets: [{ contender: 'posthorn', measure: 'events/s', against: 'raw amqplib', atLeast: 0.95 }],
  rounds: 7,
  size: { full: 20_000, smoke: 50 },
}
