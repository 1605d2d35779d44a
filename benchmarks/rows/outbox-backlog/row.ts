import type { Candidate, Row } from '../../suite/row.ts'
import { FULL } from './full.ts'

function candidate(name: string, argument: string): Candidate {
  return {
    name,
    module: 'posthorn',
    argument,
    settings: 'one relay, batches of 200, real broker and database',
  }
}

export const row: Row = {
  name: 'outbox-backlog',
  title: 'Relay with much or little waiting in the outbox',
  work: 'Portions of 1,000 events go from the outbox to a quorum queue, confirmed; before each the outbox is filled up again, off the clock.',
  measures: { 'events/s': 'more' },
  contenders: [
    candidate('1,000 waiting', '1000'),
    candidate('100,000 waiting', '100000'),
    candidate('1,000,000 waiting', '1000000'),
  ],
  targets: ['100,000 waiting', '1,000,000 waiting'].map((contender) => ({
    contender,
    measure: 'events/s',
    against: '1,000 waiting',
    atLeast: 0.8,
  })),
  rounds: 5,
  size: { full: FULL, smoke: 4 },
}
