import { parentPort } from 'node:worker_threads'
import { runSeeds } from './run-seeds.ts'

/** Runs the seeds that it is told to, a piece of them at a time. */
parentPort?.on('message', ({ seed, seeds }: { readonly seed: number; readonly seeds: number }) => {
  void runSeeds({ seed, seeds }).then((result) => parentPort?.postMessage(result))
})
