import { PosthornError } from '../errors.ts'
import type { Outcome } from './outcome.ts'

/** @throws {PosthornError} `SimulationNotDeterministic` when two runs of one seed have gone two ways */
export function checkSame(one: Outcome, other: Outcome): void {
  if (one.trace.hash === other.trace.hash) return
  const [steps, others] = [one.trace.steps.map(String), other.trace.steps.map(String)]
  const longer = steps.length > others.length ? steps : others
  const index = longer.findIndex((_step, place) => steps[place] !== others[place])
  const what =
    index === -1
      ? 'Their steps are the same, but not the ids of their messages'
      : `They differ first here:\n${steps[index] ?? 'the end'}\n${others[index] ?? 'the end'}`
  throw new PosthornError(
    'SimulationNotDeterministic',
    `Seed ${one.seed} gave two different traces; something is no function of the seed. ${what}`,
  )
}
