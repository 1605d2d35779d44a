import { availableParallelism } from 'node:os'
import { inThreads } from './in-threads.ts'
import { readOptions } from './options.ts'
import { printFailure, printReport } from './print-report.ts'
import { runSeeds } from './run-seeds.ts'
import { printSteps } from './print-steps.ts'

const { seed, seeds, workers, trace, stopAt } = readOptions(process.argv.slice(2), availableParallelism())
const started = performance.now()
const simulated =
  workers > 1
    ? await inThreads(seed, seeds, workers)
    : await runSeeds({ seed, seeds, ...(trace ? { onStep: printSteps(stopAt) } : {}) }).then(({ report, failure }) => ({
        reports: report === null ? [] : [report],
        failures: failure === null ? [] : [failure],
      }))
for (const failure of simulated.failures) printFailure(failure)
printReport(simulated, (performance.now() - started) / 1_000)
process.exit(simulated.failures.length === 0 ? 0 : 1)
