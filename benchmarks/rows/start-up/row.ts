import type { Row } from '../../suite/row.ts'

export const row: Row = {
  name: 'start-up',
  title: 'From the start of a process until it is ready',
  work: 'A process is started and asked until it answers with 200; its memory is that of 2 s later, when nobody has asked anything else.',
  measures: { 'ms to ready': 'less', 'MB idle': 'less', 'CPU µs': 'less' },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings:
        'the allocation service: configuration, tables looked after, HTTP with OpenAPI, relay; `/health/ready`, which asks the database; the broker is connected to meanwhile',
    },
    {
      name: 'raw imports',
      module: 'raw-imports',
      packageName: 'fastify',
      settings: 'fastify, drizzle-orm and postgres imported, one route, connected to nothing',
    },
  ],
  targets: [
    { contender: 'posthorn', measure: 'ms to ready', against: 'raw imports', atMost: 3 },
    { contender: 'posthorn', measure: 'MB idle', atMost: 130 },
  ],
  rounds: 5,
  size: { full: 1, smoke: 1 },
}
