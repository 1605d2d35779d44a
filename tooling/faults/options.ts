import { parseArgs } from 'node:util'
import type { RunOptions } from './run.ts'

/** `--seconds N --seed S [--kinds NAME,NAME] [--workers N]` */
export function readOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      kinds: { type: 'string' },
      workers: { type: 'string', default: '16' },
    },
  })
  return {
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    workers: Number(values.workers),
    ...(values.kinds === undefined ? {} : { kinds: values.kinds.split(',') }),
  }
}
