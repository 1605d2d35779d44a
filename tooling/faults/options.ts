import { parseArgs } from 'node:util'

export interface MachineOptions {
  /** One run for each. */
  readonly seeds: readonly number[]
  readonly seconds: number
  readonly workers: number
  readonly kinds?: readonly string[]
  /** Whether each run is noted in docs/reference/fault-report.md. */
  readonly record: boolean
}

/**
 * `--seconds N --seed S [--seeds A..B | A,B,C] [--kinds NAME,NAME] [--workers N] [--record]`
 * @throws when a number is none
 */
export function readOptions(args: readonly string[]): MachineOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      seeds: { type: 'string' },
      kinds: { type: 'string' },
      workers: { type: 'string', default: '16' },
      record: { type: 'boolean', default: false },
    },
  })
  return {
    seeds: (values.seeds ?? values.seed).split(',').flatMap(seedsIn),
    seconds: wholeNumber(values.seconds),
    workers: wholeNumber(values.workers),
    record: values.record,
    ...(values.kinds === undefined ? {} : { kinds: values.kinds.split(',') }),
  }
}

/** `7`, or `1..22` with both ends. */
function seedsIn(text: string): readonly number[] {
  const [from = '', to = from] = text.split('..')
  const [first, last] = [wholeNumber(from), wholeNumber(to)]
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n)
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${text} is no whole number`)
  return Number(text)
}
