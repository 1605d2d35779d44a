import type { Candidate, Row } from '../../suite/row.ts'

function candidate(name: string, argument: string): Candidate {
  return { name, module: 'posthorn', argument, settings: 'the allocation service as it is' }
}

/** One line is touched, however many there are. */
export const row: Row = {
  name: 'stored-lines',
  title: 'Allocate a line to a product that has many already',
  work: 'One `POST /allocations` after another, each for a new order and one product.',
  measures: { 'p50 ms': 'less', 'CPU µs': 'less' },
  contenders: [
    candidate('10 batches, 10 lines', '10-10'),
    candidate('1,000 batches, 1,000 lines', '1000-1000'),
    candidate('10,000 batches, 10,000 lines', '10000-10000'),
    candidate('10 batches, 10,000 lines', '10-10000'),
  ],
  targets: ['1,000 batches, 1,000 lines', '10,000 batches, 10,000 lines', '10 batches, 10,000 lines'].map(
    (contender) => ({ contender, measure: 'p50 ms', against: '10 batches, 10 lines', atMost: 1.5 }),
  ),
  rounds: 5,
  size: { full: 20, smoke: 2 },
}
