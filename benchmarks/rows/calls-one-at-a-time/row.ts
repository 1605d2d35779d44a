import type { Row } from '../../suite/row.ts'
import { contenders } from '../calls/contenders.ts'

export const row: Row = {
  name: 'calls-one-at-a-time',
  folder: 'calls',
  title: 'Calls, one at a time',
  work: 'A command of 200 bytes of JSON over a durable classic queue and its answer over direct reply-to, acknowledged by hand; the next one when the answer is there, for at most 1.5 s a round.',
  measures: { 'p50 ms': 'less' },
  contenders,
  targets: [
    { contender: 'posthorn', measure: 'p50 ms', against: 'raw amqplib, noDelay', atMost: 1.15 },
    { contender: 'posthorn', measure: 'p50 ms', against: 'every peer', atMost: 0.667 },
  ],
  rounds: 5,
  warmUp: 3,
  size: { full: 1_000, smoke: 10 },
  width: 1,
}
