// What a newcomer runs. It needs Node alone, and installs, finds or starts the rest itself.
import { Failure } from './failure.mjs'
import { endEverything, isEnding } from './lifetime.mjs'
import * as phases from './phases.mjs'
import { runBench } from './run-bench.mjs'
import { runDemo } from './run-demo.mjs'
import { runFaults } from './run-faults.mjs'
import { runMatrix } from './run-matrix.mjs'
import { runSimulation } from './run-simulation.mjs'
import { runTests } from './run-tests.mjs'
import { readSettings } from './settings.mjs'
import { endOnSignals, endWithFailure } from './signals.mjs'
import { watchParents } from './watch-parents.mjs'

const USAGE = `node tooling/dev/main.mjs
  start [--once] [--batches FILE --orders FILE]   run the demo
  test [--full] [--report FILE] [VITEST ARGS]     run all tests
  faults [--seconds N] [--seeds A..B] [--kinds A,B] [--workers N] [--record]
                                                  run the fault machine
  matrix [--node VERSION,VERSION] [TEST ARGS]     run the tests on several versions of Node
  simulate [--seeds N] [--seed S] [--workers N] [--trace] [--stop-at STEP]
                                                  simulate both services in virtual time
  bench [ROW ...] [--rounds N] [--smoke] [--record]
                                                  measure beside others, one row or all
  install                                         install the workspace`

/** @type {Record<string, (args: string[], settings: import('./settings.mjs').Settings) => Promise<number>>} */
const commands = {
  start: runDemo,
  test: runTests,
  faults: runFaults,
  matrix: runMatrix,
  simulate: runSimulation,
  bench: runBench,
  install: () => phases.install().then(() => 0),
}

/** @type {number | undefined} */
let exitCode
endOnSignals(() => exitCode)
try {
  const [name = '', ...args] = process.argv.slice(2)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Failure(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)
  }
  const command = commands[name]
  if (!command) throw new Failure(USAGE)
  const settings = readSettings(process.env)
  watchParents(settings.underNpm, () => process.kill(process.pid, 'SIGTERM'))
  exitCode = await command(args, settings)
  if (!isEnding()) {
    await endEverything()
    process.exit(exitCode)
  }
} catch (error) {
  // What fails while everything is being ended fails because of that.
  if (!isEnding()) await endWithFailure(error)
}
