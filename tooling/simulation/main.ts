import { availableParallelism } from 'node:os'
import { inThreads } from './in-threads.ts'
import { readOptions } from './options.ts'
import { printFailure, printSummary } from './print-report.ts'
import { printSteps } from './print-steps.ts'
import { runSeeds } from './run-seeds.ts'
import { summaryOf } from './summary.ts'

const options = readOptions(process.argv.slice(2), availableParallelism())
const { world, seed, seeds, workers, trace, stopAt, json } = options
const started = performance.now()
const simulated =
  workers > 1
    ? await inThreads({ world, seed, seeds }, workers)
    : await runSeeds({ seed, seeds, ...(trace ? { onStep: printSteps(stopAt) } : {}) }, world)
const summary = summaryOf(simulated, (performance.now() - started) / 1_000)
if (json) {
  console.log(JSON.stringify(summary))
} else {
  for (const failure of simulated.failures) printFailure(failure, world)
  printSummary(summary)
}
process.exit(summary.violations === 0 ? 0 : 1)
