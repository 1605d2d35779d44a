import type { Failure } from './run-seeds.ts'
import type { Summary } from './summary.ts'

export function printFailure({ seed, text, diagram }: Failure, world: string): void {
  console.log(`${text}\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`)
  console.log(
    `Again: pnpm simulate --world ${world} --seed ${seed} --trace, or --stop-at a step of it, in a debugger`,
  )
}

export function printSummary({ faults, virtualHours, seconds, ...rest }: Summary): void {
  const kinds = Object.entries(faults).sort()
  const rows = [
    ['seeds', rest.seeds],
    ['requests', rest.requests],
    ['steps', rest.steps],
    ['virtual time', `${virtualHours.toFixed(1)} h`],
    ['faults', kinds.reduce((all, [, count]) => all + count, 0)],
    ...kinds.map(([name, count]) => [`  ${name}`, count]),
    ['violations', rest.violations],
    ['traces', rest.traces],
    ['time', `${seconds.toFixed(1)} s, ${(rest.seeds / seconds).toFixed(0)} seeds/s`],
  ]
  for (const [name, value] of rows) console.log(`${String(name).padEnd(18)} ${value}`)
}
