import { acknowledged, faultCount, type Report } from './report.ts'

/** Below these, per second of faults, too little happened to prove anything. */
const LEAST_FAULTS = 0.2
const LEAST_REQUESTS = 2

/** What a run proves: something is wrong (1), nothing at all (2), or that all is well (0). */
export interface Verdict {
  readonly exitCode: 0 | 1 | 2
  readonly text: string
}

export function verdictOf(report: Report): Verdict {
  const { seed, seconds, ledger } = report
  const again = `Again: npm run faults -- --seconds ${seconds} --seed ${seed}`
  const differences = ledger.reduce((sum, line) => sum + line.differences.length, 0)
  if (differences > 0) {
    return { exitCode: 1, text: `The ledger does not balance: ${differences} differences. ${again}` }
  }
  const [faults, requests] = [faultCount(report), acknowledged(report)]
  const what = `${requests} requests acknowledged, ${faults} faults in ${seconds} s, seed ${seed}`
  return faults < seconds * LEAST_FAULTS || requests < seconds * LEAST_REQUESTS
    ? { exitCode: 2, text: `Inconclusive, for too little happened: ${what}. ${again}` }
    : { exitCode: 0, text: `The ledger balances: ${what}.` }
}
