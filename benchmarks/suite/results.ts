import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { judge, type Verdict, valuesOf } from './judge.ts'
import type { Candidate, Figures, Row } from './row.ts'
import type { Samples } from './run-row.ts'
import type { BenchmarkServers } from './servers.ts'
import { median } from './statistics.ts'

/** One row's run, as it is kept. */
export interface Result {
  readonly row: string
  readonly title: string
  readonly work: string
  readonly date: string
  readonly commit: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly size: number
  readonly measures: Row['measures']
  readonly contenders: readonly (Pick<Candidate, 'name' | 'settings'> & {
    readonly version?: string
    readonly medians: Figures
    readonly samples: readonly Figures[]
  })[]
  readonly targets: readonly Verdict[]
}

const here = new URL('../../', import.meta.url)
const folder = new URL('results/', here)

export function resultOf(row: Row, samples: Samples, { versions }: BenchmarkServers): Result {
  return {
    row: row.name,
    title: row.title,
    work: row.work,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: machine(),
    versions: { node: process.versions.node, ...versions },
    size: row.size.full,
    measures: row.measures,
    contenders: row.contenders.map(({ name, settings, packageName }) => ({
      name,
      ...(packageName === undefined ? {} : { version: versionOf(packageName) }),
      settings,
      medians: Object.fromEntries(
        Object.keys(samples.get(name)?.[0] ?? {}).map((measure) => [
          measure,
          rounded(median(valuesOf(samples, name, measure))),
        ]),
      ),
      samples: (samples.get(name) ?? []).map((figures) =>
        Object.fromEntries(Object.entries(figures).map(([measure, value]) => [measure, rounded(value)])),
      ),
    })),
    targets: judge(row, samples),
  }
}

export function writeResult(result: Result): void {
  writeFileSync(new URL(`${result.row}.json`, folder), `${JSON.stringify(result, undefined, 2)}\n`)
}

/** Those that are kept, by row. */
export function readResults(): ReadonlyMap<string, Result> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const results = files.map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Result)
  return new Map(results.map((result) => [result.row, result]))
}

function rounded(value: number): number {
  return Number(value.toPrecision(5))
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: here, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', '..', ':!../benchmarks/results', ':!../docs') !== ''
  return git('rev-parse', '--short=7', 'HEAD') + (changed ? ', changed' : '')
}

function machine(): string {
  const processors = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${processors.length} × ${processors[0]?.model.trim()}, ${memory} GiB, ${type()} ${release().split('-')[0]}`
}

function versionOf(packageName: string): string {
  const manifest = new URL(`node_modules/${packageName}/package.json`, here)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
