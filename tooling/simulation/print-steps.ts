import type { SimulationOptions } from '@posthorn/core/simulation'

/** Prints each step, and stops in the debugger at one of a failing seed's shortest run. */
export function printSteps(stopAt: number | undefined): NonNullable<SimulationOptions['onStep']> {
  let before = 'seed'
  return (step, run) => {
    if (run !== before) console.log('\nThe same, as short as was found:\n')
    before = run
    console.log(String(step))
    // biome-ignore lint/suspicious/noDebugger: that is what was asked for
    if (run === 'shortest' && step.number === stopAt) debugger
  }
}
