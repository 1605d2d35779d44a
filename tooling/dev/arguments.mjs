import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from './failure.mjs'

/**
 * `[--full] [--report FILE]`, and the rest for vitest.
 * @param {string[]} args
 * @param {string} typedIn the folder that relative paths start from
 * @returns {{ full: boolean, report?: string, rest: string[] }}
 */
export function parseTestArguments(args, typedIn) {
  const rest = [...args]
  const full = take(rest, '--full', 1) !== undefined
  const report = take(rest, '--report', 2)?.[1]
  return { full, report: report && resolve(typedIn, report), rest }
}

/**
 * `[--once] [--batches FILE --orders FILE]`, its files found from where the user typed them.
 * @param {string[]} args
 * @param {string} typedIn the folder that relative paths start from
 * @returns {string[]}
 */
export function parseDemoArguments(args, typedIn) {
  const rest = [...args]
  const once = take(rest, '--once', 1) ?? []
  const files = ['--batches', '--orders']
    .map((name) => take(rest, name, 2))
    .filter((pair) => pair !== undefined)
  if (rest.length > 0)
    throw new Failure(`Unknown argument ${rest[0]}: start takes --once, --batches FILE and --orders FILE.`)
  if (files.length === 1) throw new Failure('--batches and --orders go together.')
  return [...once, ...files.flatMap(([name, file]) => [name, existing(file, typedIn)])]
}

/**
 * `[--node VERSION,VERSION]`, and the rest for `test`.
 * @param {string[]} args
 * @returns {{ versions?: string[], rest: string[] }}
 */
export function parseMatrixArguments(args) {
  const rest = [...args]
  const versions = take(rest, '--node', 2)?.[1].split(',')
  return { ...(versions && { versions }), rest }
}

/** Takes an option with its value out of the arguments. */
function take(args, name, length) {
  const index = args.indexOf(name)
  if (index < 0) return undefined
  const taken = args.splice(index, length)
  if (taken.length < length) throw new Failure(`${name} needs a value.`)
  return taken
}

function existing(file, typedIn) {
  const path = resolve(typedIn, file)
  if (!existsSync(path)) throw new Failure(`${file} does not exist.`)
  return path
}
