import { expect, test } from 'vitest'
import { withRuns } from '../../fault-report.ts'
import type { RecordedRun } from '../../recorded-run.ts'

const page = '# Faults\n\n## Runs\n\nwhat stood there before\n\n## More\n\nstays\n'

const run: RecordedRun = {
  date: '2031-01-02',
  commit: 'abc1234',
  versions: { node: '20.1.0', rabbitMq: '3.10.8', postgres: '15.1' },
  seed: 7,
  seconds: 90,
  verdict: 'balanced',
  acknowledged: 1_500,
  faults: { 'broker killed': 2, 'link slow': 3 },
  repeatedEvents: 4,
  repeatedMails: 0,
  replayed: 1,
  starts: 12,
  memory: { before: 100, after: 110, most: 130 },
}

function reported(...runs: readonly RecordedRun[]): string {
  return withRuns(page, runs.map((one) => `${JSON.stringify(one)}\n`).join(''))
}

test('runs are added up, by kind of fault and in all', () => {
  const text = reported(run, { ...run, seed: 8, date: '2031-01-03', faults: { 'link slow': 1 } })
  expect(text).toContain('2 runs with 2 seeds,\n3.0 minutes of faults in all, from 2031-01-02 to 2031-01-03:')
  expect(text).toContain('6 faults,\n3,000 requests acknowledged. The ledger balanced each time.')
  expect(text).toContain('| broker killed | 2 |\n| link slow | 4 |\n')
  expect(text).toContain(
    '| 2031-01-02 | `abc1234` | 7 | 90 | 5 | 1,500 | 4 | 1 | 12 | 100 → 110 (130) | balanced |',
  )
})

test('a run that did not balance is not passed over', () => {
  const text = reported(run, { ...run, verdict: 'unbalanced' }, { ...run, verdict: 'inconclusive' })
  expect(text).toContain('The ledger did not balance, or proved nothing, 2 times.')
  expect(text.match(/\| (un)?balanced \||\| inconclusive \|/g)).toHaveLength(3)
})

test('nothing else on the page changes, and writing it again changes nothing', () => {
  const text = reported(run)
  expect(text).toMatch(/^# Faults\n\n## Runs\n\n1 run with 1 seed,\n/)
  expect(text).toMatch(/\n## More\n\nstays\n$/)
  expect(text).not.toContain('before\n\n##')
  expect(withRuns(text, JSON.stringify(run))).toBe(text)
})

test('without a run the page says so', () => {
  expect(reported()).toBe('# Faults\n\n## Runs\n\nNo run has been recorded.\n\n## More\n\nstays\n')
})
