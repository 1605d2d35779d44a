import type { RecordedRun } from './recorded-run.ts'

const HEADING = '## Runs\n'

/**
 * The page with the tables of all recorded runs in its section `## Runs`.
 * @param recorded a run as JSON on each line
 */
export function withRuns(page: string, recorded: string): string {
  const from = page.indexOf(HEADING)
  if (from < 0) throw new Error('The page has no section for the runs')
  const next = page.indexOf('\n## ', from)
  const rest = next < 0 ? '' : page.slice(next)
  const runs = recorded.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RecordedRun]))
  return `${page.slice(0, from)}${HEADING}\n${section(runs)}${rest}`
}

function section(runs: readonly RecordedRun[]): string {
  if (runs.length === 0) return 'No run has been recorded.\n'
  return [summary(runs), kinds(runs), table(runs)].join('\n')
}

function summary(runs: readonly RecordedRun[]): string {
  const dates = runs.map(({ date }) => date).sort()
  const [first, last] = [dates[0], dates[dates.length - 1]]
  const minutes = (sum(runs.map(({ seconds }) => seconds)) / 60).toFixed(1)
  const seeds = unique(runs.map(({ seed }) => seed)).length
  const bad = runs.filter(({ verdict }) => verdict !== 'balanced').length
  const outcome =
    bad === 0
      ? 'The ledger balanced each time.'
      : `The ledger did not balance, or proved nothing, ${bad} times.`
  const versions = unique(
    runs.map(
      ({ versions: { node, rabbitMq, postgres } }) =>
        `Node ${node}, RabbitMQ ${rabbitMq}, Postgres ${postgres}`,
    ),
  ).join('; ')
  return `${[
    `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} with ${seeds} ${seeds === 1 ? 'seed' : 'seeds'},`,
    `${minutes} minutes of faults in all, ${first === last ? `on ${first}` : `from ${first} to ${last}`}:`,
    `${number(sum(runs.map(faultsOf)))} faults,`,
    `${number(sum(runs.map((run) => run.acknowledged)))} requests acknowledged. ${outcome}`,
    `With ${versions}.`,
  ].join('\n')}\n`
}

function kinds(runs: readonly RecordedRun[]): string {
  const names = unique(runs.flatMap(({ faults }) => Object.keys(faults)))
  return lines('| fault | injected |', '|---|---:|', [
    ...names.map((name) => `| ${name} | ${sum(runs.map(({ faults }) => faults[name] ?? 0))} |`),
  ])
}

function table(runs: readonly RecordedRun[]): string {
  const rows = runs.map((run) => {
    const { date, commit, seed, seconds, acknowledged, repeatedEvents, replayed, starts, memory, verdict } =
      run
    return `| ${date} | \`${commit}\` | ${seed} | ${seconds} | ${faultsOf(run)} | ${number(acknowledged)} | ${repeatedEvents} | ${replayed} | ${starts} | ${memory.before} → ${memory.after} (${memory.most}) | ${verdict} |`
  })
  return lines(
    '| date | commit | seed | s | faults | acknowledged | events repeated | replayed | processes | MiB (most) | ledger |',
    '|---|---|---:|---:|---:|---:|---:|---:|---:|---|---|',
    rows,
  )
}

function lines(head: string, rule: string, rows: readonly string[]): string {
  return `${[head, rule, ...rows].join('\n')}\n`
}

function faultsOf({ faults }: RecordedRun): number {
  return sum(Object.values(faults))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

function number(value: number): string {
  return value.toLocaleString('en')
}
