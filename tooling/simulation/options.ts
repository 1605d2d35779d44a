import { parseArgs } from 'node:util'
import { type WorldName, worldNames } from './run-seeds.ts'

export interface Options {
  readonly world: WorldName
  readonly seeds: number
  /** The first one. */
  readonly seed: number
  readonly workers: number
  /** Print each step. */
  readonly trace: boolean
  /** Stop in the debugger at this step of a failing seed's shortest trace. */
  readonly stopAt: number | undefined
  /** Print nothing but figures, for programs. */
  readonly json: boolean
}

/** `[--world NAME] [--seeds N] [--seed S] [--workers N] [--trace] [--stop-at STEP] [--json]`; a seed alone is that one seed. @throws {Error} */
export function readOptions(args: readonly string[], cores: number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      world: { type: 'string', default: 'services' },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
      trace: { type: 'boolean', default: false },
      'stop-at': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const seeds = whole('seeds', values.seeds) ?? (values.seed === undefined ? 1_000 : 1)
  const stopAt = whole('stop-at', values['stop-at'])
  const watched = values.trace || stopAt !== undefined
  return {
    world: known(values.world),
    seeds,
    seed: whole('seed', values.seed) ?? 1,
    workers: watched || seeds < 100 ? 1 : (whole('workers', values.workers) ?? cores),
    trace: watched,
    stopAt,
    json: values.json,
  }
}

function known(name: string): WorldName {
  const world = worldNames.find((one) => one === name)
  if (world !== undefined) return world
  throw new Error(`There is no world ${name}; there are ${worldNames.join(', ')}`)
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value > 0) return value
  throw new Error(`--${name} takes a whole number from 1, not ${text}`)
}
