import { parentPort } from 'node:worker_threads'
import type { Piece } from './in-threads.ts'
import { runSeeds } from './run-seeds.ts'

/** Runs the seeds that it is told to, a piece of them at a time. */
parentPort?.on('message', ({ world, seed, seeds }: Piece) => {
  void runSeeds({ seed, seeds }, world).then((result) => parentPort?.postMessage(result))
})
