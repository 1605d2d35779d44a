import type { Candidate, Row } from '../../suite/row.ts'
import { FULL } from './full.ts'

function candidate(name: string, argument: string): Candidate {
  return { name, module: 'posthorn', argument, settings: 'a quorum queue for each subscriber, who is away' }
}

/** What it costs the publisher; the broker has to write an event for each subscriber, and the confirm waits for all. */
export const row: Row = {
  name: 'subscribers',
  title: 'Publish to few or many subscribers',
  work: 'Events of 200 bytes, published and confirmed, at most 256 unconfirmed.',
  measures: { 'CPU µs': 'less', 'events/s': 'more' },
  contenders: [
    candidate('1 subscriber', '1'),
    candidate('10 subscribers', '10'),
    candidate('100 subscribers', '100'),
  ],
  targets: ['10 subscribers', '100 subscribers'].map((contender) => ({
    contender,
    measure: 'CPU µs',
    against: '1 subscriber',
    atMost: 1.2,
  })),
  rounds: 5,
  warmUp: 3,
  size: { full: FULL, smoke: 20 },
}
