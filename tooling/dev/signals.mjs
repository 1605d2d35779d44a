import { constants } from 'node:os'
import { Failure } from './failure.mjs'
import { abandonEverything, Ending, endEverything } from './lifetime.mjs'

// npm passes on a Ctrl-C that the terminal has already sent to everybody: two within a second are one.
const ECHO_MS = 1_000

let failed = false

/**
 * Ends everything on the first signal, exits at once on the second, and treats an uncaught error like a failure.
 * @param {() => number | undefined} exitCode the code to exit with, where the process in the foreground has told one
 */
export function endOnSignals(exitCode) {
  /** @type {number | undefined} */
  let first
  /** @param {'SIGINT' | 'SIGTERM' | 'SIGHUP'} signal */
  const end = async (signal) => {
    const code = 128 + constants.signals[signal]
    if (first === undefined) {
      first = Date.now()
      await endEverything(signal)
      process.exit(exitCode() ?? code)
    }
    if (Date.now() - first > ECHO_MS) {
      abandonEverything()
      process.exit(code)
    }
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => void end(signal))
  }
  process.on('uncaughtException', (error) => {
    if (!(error instanceof Ending)) void endWithFailure(error)
  })
  process.stdout.on('error', () => void endWithFailure(new Failure('Standard output was closed.')))
  process.stderr.on('error', () => {})
}

/**
 * Tells why the run failed, ends everything and exits with 1; at once where that fails too.
 * @param {unknown} error
 * @returns {Promise<never>}
 */
export async function endWithFailure(error) {
  if (failed) process.exit(1)
  failed = true
  if (error instanceof Failure) console.error(`${error.output ?? ''}${error.message}`)
  else console.error(error)
  await endEverything()
  process.exit(1)
}
