import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SimulationReport } from '@posthorn/core/simulation'
import type { Failure, Simulated, WorldName } from './run-seeds.ts'

/** So many seeds are given to a thread at once. */
const PIECE = 100

/** What a thread is told to simulate. */
export interface Piece {
  readonly world: WorldName
  readonly seed: number
  readonly seeds: number
}

/** Simulates seeds in several threads; after a failure no further ones are begun. */
export async function inThreads({ world, seed, seeds }: Piece, threads: number): Promise<Simulated> {
  const reports: SimulationReport[] = []
  const failures: Failure[] = []
  let next = seed
  const end = seed + seeds

  const runOne = async () => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      // Most of what a seed makes is garbage when it ends.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    })
    try {
      while (next < end && failures.length === 0) {
        const piece = { world, seed: next, seeds: Math.min(PIECE, end - next) }
        next += piece.seeds
        const simulated = await answerOf(worker, piece)
        reports.push(...simulated.reports)
        failures.push(...simulated.failures)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: threads }, runOne))
  return { reports, failures }
}

async function answerOf(worker: Worker, piece: Piece): Promise<Simulated> {
  worker.postMessage(piece)
  // Rejects when the thread fails.
  const [answer] = (await once(worker, 'message')) as [Simulated]
  return answer
}
