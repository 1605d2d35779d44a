import type { Row } from '../../suite/row.ts'

const DOCUMENTED = 'a connection to publish and one to consume, mandatory, prefetch 200'

/** Confirms, persistent messages on a quorum queue, prefetch 200, at most 256 unconfirmed, each acknowledged by hand. */
export const row: Row = {
  name: 'publish-and-consume',
  title: 'Publish with confirm, consume, acknowledge',
  work: 'Events of 200 bytes of JSON from one process to itself by a topic exchange and a quorum queue that is bounded and dead-letters at least once: persistent, mandatory, confirmed, each acknowledged once handled.',
  measures: { 'events/s': 'more' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings:
        'two buses, a publisher and a subscriber, prefetch 200; verifies the sender and validates each event twice',
    },
    {
      name: 'raw amqplib',
      module: 'raw-amqplib',
      packageName: 'amqplib',
      settings: '`noDelay`, confirm channel, prefetch 200',
    },
    {
      name: 'rabbitmq-client',
      module: 'rabbitmq-client',
      packageName: 'rabbitmq-client',
      settings: `\`createPublisher\` with \`confirm\`, \`createConsumer\`; ${DOCUMENTED}, \`noDelay\``,
    },
    {
      name: 'rascal',
      module: 'rascal',
      packageName: 'rascal',
      settings: `default configuration with a pool of 64 confirm channels, each busy until its message is confirmed, so 64 unconfirmed; one connection, prefetch 200, \`noDelay\``,
    },
    {
      name: '@cloudamqp/amqp-client',
      module: 'cloudamqp',
      packageName: '@cloudamqp/amqp-client',
      settings: `\`AMQPSession\` with its JSON parser; ${DOCUMENTED}; has no option for \`noDelay\``,
    },
    {
      name: 'amqp-connection-manager',
      module: 'amqp-connection-manager',
      packageName: 'amqp-connection-manager',
      settings: `\`createChannel\` with \`json\`; ${DOCUMENTED}, \`noDelay\``,
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'events/s', against: 'raw amqplib', atLeast: 0.95 },
    { contender: 'posthorn', measure: 'events/s', against: 'every peer', atLeast: 1 },
  ],
  rounds: 5,
  warmUp: 3,
  size: { full: 12_000, smoke: 100 },
  width: 256,
}
