import { spawn } from 'node:child_process'
import { once } from 'node:events'

interface Ended {
  readonly seed: number
  readonly exitCode: number
  readonly minutes: number
}

/**
 * One run after another, each in a process and on servers of its own, also when one before has failed.
 * @param start Node's arguments that run the machine; of an option that comes twice, the last counts
 * @returns the worst exit code: 1 when a ledger did not balance or a run broke off, else 2 when one proved nothing
 */
export async function runSeries(
  seeds: readonly number[],
  start: readonly string[],
  log: (line: string) => void = console.log,
): Promise<number> {
  const ended: Ended[] = []
  for (const seed of seeds) {
    log(`\n=== seed ${seed}, ${ended.length + 1} of ${seeds.length}`)
    const began = performance.now()
    // Of its own process group it would outlive this one.
    const child = spawn(process.execPath, [...start, '--seeds', `${seed}`], { stdio: 'inherit' })
    const [code] = (await once(child, 'exit')) as [number | null]
    ended.push({ seed, exitCode: code ?? 1, minutes: (performance.now() - began) / 60_000 })
  }
  log('\nseeds')
  for (const { seed, exitCode, minutes } of ended) {
    log(`  ${`${seed}`.padEnd(8)}${minutes.toFixed(1).padStart(6)} min  ${meaning(exitCode)}`)
  }
  const codes = ended.map(({ exitCode }) => exitCode)
  const bad = codes.filter((code) => code !== 0).length
  log(`\n${codes.length - bad} of ${codes.length} ledgers balance.`)
  return codes.every((code) => code === 0) ? 0 : codes.some((code) => code !== 0 && code !== 2) ? 1 : 2
}

function meaning(exitCode: number): string {
  if (exitCode === 0) return 'balances'
  return exitCode === 2 ? 'inconclusive' : `DOES NOT BALANCE, or broke off (exit ${exitCode})`
}
