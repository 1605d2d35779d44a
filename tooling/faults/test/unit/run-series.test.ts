import { expect, test } from 'vitest'
import { runSeries } from '../../run-series.ts'

/** A machine whose exit code is its seed. */
const MACHINE = ['--eval', 'process.exit(Number(process.argv.at(-1)))', '--']

async function series(...seeds: readonly number[]) {
  const log: string[] = []
  const exitCode = await runSeries(seeds, MACHINE, (line) => void log.push(line))
  return { exitCode, summary: log.slice(log.indexOf('\nseeds') + 1).join('\n') }
}

test('a series goes on after a seed that failed, tells of each, and fails itself', async () => {
  const { exitCode, summary } = await series(0, 1, 2, 0)
  expect(exitCode).toBe(1)
  expect(summary.match(/balances$|inconclusive$|NOT BALANCE/gm)).toEqual([
    'balances',
    'NOT BALANCE',
    'inconclusive',
    'balances',
  ])
  expect(summary).toContain('2 of 4 ledgers balance.')
})

test('a run that proved nothing makes the series prove nothing, and one that broke off makes it fail', async () => {
  expect((await series(0, 2)).exitCode).toBe(2)
  expect((await series(2, 3)).exitCode).toBe(1)
  expect((await series(0, 0)).exitCode).toBe(0)
})
