import { expect, test } from 'vitest'
import type { Report } from '../../report.ts'
import { verdictOf } from '../../verdict.ts'

const report: Report = {
  seed: 7,
  seconds: 10,
  versions: { node: '20', rabbitMq: '3', postgres: '15' },
  injected: new Map([['link slow', 2]]),
  impossible: new Map(),
  asked: new Map([
    ['Allocate http done', 15],
    ['Allocate send accepted', 5],
    ['Allocate call unknown', 900],
  ]),
  repeatedEvents: 0,
  repeatedMails: 0,
  replayed: 0,
  quietAfter: 0,
  starts: 4,
  memory: { before: [], after: [], most: 0 },
  ledger: [{ name: 'all is well', checked: 20, differences: [] }],
}

test('a ledger that balances after enough has happened proves that all is well', () => {
  expect(verdictOf(report).exitCode).toBe(0)
})

test('where too few faults were injected, or too little was acknowledged, nothing is proved', () => {
  expect(verdictOf({ ...report, injected: new Map([['link slow', 1]]) }).exitCode).toBe(2)
  expect(verdictOf({ ...report, asked: new Map([['Allocate http done', 19]]) }).exitCode).toBe(2)
})

test('one difference is a failure, however little has happened, and the seed is told', () => {
  const ledger = [{ name: 'all is well', checked: 20, differences: ['it is not'] }]
  const verdict = verdictOf({ ...report, ledger, injected: new Map() })
  expect(verdict.exitCode).toBe(1)
  expect(verdict.text).toContain('--seconds 10 --seed 7')
})
