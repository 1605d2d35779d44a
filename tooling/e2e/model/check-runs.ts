import fc from 'fast-check'
import { expect } from 'vitest'
import { expectSent } from './expectations.ts'
import type { ObservedSystem } from './observed-system.ts'
import { type ModelOptions, replayText } from './options.ts'
import { type Ending, Run } from './run.ts'
import { type Step, steps } from './steps.ts'

/** How long, in ms, a failing run may be shrunk: each try is a run on a system of its own. */
const SHRINKING = 60_000

export interface Figures {
  readonly runs: number
  readonly steps: number
}

/**
 * Makes runs of random steps, one after another on the same system, and compares it with the model.
 *
 * @param command that makes the runs, for the report
 * @throws {Error} with the shortest failing run that was found, and how to make it again
 */
export async function checkRuns(
  options: ModelOptions & { readonly runs: number },
  endings: readonly Ending[],
  start: () => Promise<ObservedSystem>,
  command: string,
): Promise<Figures> {
  const { runs, seed, replay } = options
  console.log(`Runs of seed ${seed}`)
  let system = await start()
  let made = 0
  let done = 0
  let failed: { readonly steps: readonly string[]; readonly error: unknown } | undefined
  let enough = Number.POSITIVE_INFINITY

  const property = fc.asyncProperty(steps(endings, replay?.steps), async (commands) => {
    if (performance.now() > enough) return
    made += 1
    const run = new Run(system, made)
    try {
      await fc.asyncModelRun(() => ({ model: run, real: run }), commands)
      await run.rest()
      done += run.steps.filter((text) => !text.startsWith(' ')).length
    } catch (error) {
      failed = { steps: run.steps, error }
      enough = Math.min(enough, performance.now() + SHRINKING)
      // What has gone wrong may go on; the next run shall not suffer from it.
      await system.stop().catch(() => undefined)
      system = await start()
      throw error
    }
  })

  try {
    const path = replay === undefined ? {} : { path: replay.path, endOnFailure: true }
    const details = await fc.check(property, { numRuns: runs, seed, unbiased: true, ...path })
    if (details.failed)
      throw new Error(report(details, failed?.steps ?? [], command), { cause: failed?.error })
    await expectNothingLate(system, endings.includes('kill'))
    return { runs: made, steps: done }
  } finally {
    await system.stop()
  }
}

/** What a run has caused after its end. */
async function expectNothingLate(system: ObservedSystem, repeatedly: boolean): Promise<void> {
  expectSent(system.running.mail.mails, await system.notifications.catchUp(), { repeatedly })
  expect(await system.deadLetters(), 'dead letters').toEqual([])
}

function report(
  { seed, counterexample, counterexamplePath, numRuns, numShrinks }: fc.RunDetails<[Iterable<Step>]>,
  steps: readonly string[],
  command: string,
): string {
  const replayPath = /replayPath="(.*)"/.exec(String(counterexample?.[0]))?.[1] ?? ''
  const again = replayText(seed, counterexamplePath ?? '', replayPath)
  return [
    `Run ${numRuns} of seed ${seed} has failed, shrunk ${numShrinks} times to these steps and a rest:`,
    ...steps.map((step) => `  ${step}`),
    `Again: POSTHORN_TEST_MODEL='${again}' ${command}`,
  ].join('\n')
}
