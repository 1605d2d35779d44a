import { ContenderProcess } from './contender-process.ts'
import type { Candidate, Figures, Row } from './row.ts'
import type { BenchmarkServers } from './servers.ts'

export interface RunOptions {
  readonly smoke: boolean
  readonly rounds: number | undefined
  readonly log: (line: string) => void
}

/** By contender, one for each round. */
export type Samples = ReadonlyMap<string, readonly Figures[]>

/**
 * Rounds in turn, A B C A B C …, so that a machine that slows down slows all of them. The first ones warm up, and count
 * for nothing.
 */
export async function runRow(row: Row, servers: BenchmarkServers, options: RunOptions): Promise<Samples> {
  const { smoke, log } = options
  const size = smoke ? row.size.smoke : row.size.full
  const rounds = smoke ? 1 : (options.rounds ?? row.rounds)
  const warmUp = smoke ? 1 : (row.warmUp ?? 1)
  const started: ContenderProcess[] = []
  try {
    for (const candidate of row.contenders) started.push(await start(row, candidate, servers))
    const samples = new Map<string, Figures[]>(started.map(({ name }) => [name, []]))
    for (let round = 1 - warmUp; round <= rounds; round++) {
      for (const contender of started) {
        const figures = await contender.round(size, row.width ?? 1)
        if (round > 0) samples.get(contender.name)?.push(figures)
      }
      if (!smoke) log(`  ${row.name}: ${round <= 0 ? 'warm' : `round ${round} of ${rounds}`}`)
    }
    return samples
  } finally {
    await Promise.all(started.map((contender) => contender.end()))
  }
}

async function start(row: Row, candidate: Candidate, servers: BenchmarkServers): Promise<ContenderProcess> {
  const { module, argument } = candidate
  const name = [row.name, module, ...(argument === undefined ? [] : [argument])].join('-')
  return ContenderProcess.start(row.folder ?? row.name, candidate, await servers.provide(name))
}
