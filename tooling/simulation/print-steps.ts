import type { SimulationOptions } from '@posthorn/core/simulation'

/** Prints each step, and stops in the debugger at one. */
export function printSteps(stopAt: number | undefined): NonNullable<SimulationOptions['onStep']> {
  return ({ time, from, to, what }, number) => {
    console.log(
      `${String(number).padStart(6)} ${time.toFixed(1).padStart(10)} ms  ${from === to ? to : `${from} → ${to}`}: ${what}`,
    )
    // biome-ignore lint/suspicious/noDebugger: that is what was asked for
    if (number === stopAt) debugger
  }
}
