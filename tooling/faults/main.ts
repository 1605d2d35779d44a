import { readOptions } from './options.ts'
import { printReport } from './print-report.ts'
import { run } from './run.ts'
import { verdictOf } from './verdict.ts'

const options = readOptions(process.argv.slice(2))
console.log(`${options.seconds} s of faults, seed ${options.seed}`)
const report = await run({ ...options, log: console.log })
printReport(report)
const { text, exitCode } = verdictOf(report)
console.log(`\n${text}`)
process.exit(exitCode)
