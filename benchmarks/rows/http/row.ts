import type { Row } from '../../suite/row.ts'

const WRITES =
  'read the product for update and its batch; write product, batch, order line, view and outbox row in one transaction of four flights; JSON schemas; its log on'

/** A request without `Idempotency-Key` writes no inbox row, here and there. */
export const row: Row = {
  name: 'http',
  title: 'POST /allocations',
  work: 'Lines of new orders, each allocated to a batch and answered with 201: first spread over 1,000 products, then half as many on one product that nobody has asked for before. autocannon, 32 connections; client, service and servers share the machine.',
  measures: {
    'spread requests/s': 'more',
    'spread p99 ms': 'less',
    'hot requests/s': 'more',
    'hot p99 ms': 'less',
    'CPU µs': 'less',
  },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings: 'the allocation service as it is built and configured; its relay tells the broker meanwhile',
    },
    {
      name: 'raw fastify',
      module: 'raw-fastify',
      packageName: 'fastify',
      settings: `postgres.js, pool of 10: ${WRITES}; nobody passes the events on`,
    },
    {
      name: 'raw fastify, relay',
      module: 'raw-fastify',
      argument: 'relay',
      packageName: 'fastify',
      settings:
        'the same, and a loop that publishes the events in batches of 200, with confirms, to a quorum queue',
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'spread requests/s', against: 'raw fastify', atLeast: 0.7 },
    { contender: 'posthorn', measure: 'spread requests/s', against: 'raw fastify, relay', atLeast: 0.7 },
    { contender: 'posthorn', measure: 'hot requests/s', atLeast: 500 },
  ],
  rounds: 5,
  size: { full: 1_200, smoke: 40 },
}
