import { readOptions } from './options.ts'
import { printReport } from './print-report.ts'
import { recordRun } from './record-run.ts'
import { run } from './run.ts'
import { runSeries } from './run-series.ts'
import { verdictOf } from './verdict.ts'

const { seeds, record, ...options } = readOptions(process.argv.slice(2))
const [seed = 0, ...others] = seeds
process.exit(others.length > 0 ? await runSeries(seeds, process.argv.slice(1)) : await runOne())

async function runOne(): Promise<number> {
  console.log(`${options.seconds} s of faults, seed ${seed}`)
  const report = await run({ ...options, seed, log: console.log })
  printReport(report)
  const verdict = verdictOf(report)
  console.log(`\n${verdict.text}`)
  if (record) await recordRun(report, verdict)
  return verdict.exitCode
}
