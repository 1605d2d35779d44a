import type { Row } from '../../suite/row.ts'
import { contenders } from '../calls/contenders.ts'

export const row: Row = {
  name: 'calls-64-in-flight',
  folder: 'calls',
  title: 'Calls, 64 in flight',
  work: 'The same calls with 64 under way at any time, for at most 1.5 s a round.',
  measures: { 'calls/s': 'more' },
  contenders,
  targets: [
    { contender: 'posthorn', measure: 'calls/s', against: 'raw amqplib, noDelay', atLeast: 0.9 },
    { contender: 'posthorn', measure: 'calls/s', against: 'every peer', atLeast: 1 },
  ],
  rounds: 5,
  warmUp: 3,
  size: { full: 6_000, smoke: 64 },
  width: 64,
}
