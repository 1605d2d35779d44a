import type { TraceStep } from './trace.ts'

/** What every process does all the time, and what each one does when it starts. */
const ROUTINE = /^(take what is due|settle what|check the topology|consume |cancel |begin$|roll back$)/

/** The steps that tell the story. */
export function telling(steps: readonly TraceStep[]): readonly TraceStep[] {
  return steps.filter(({ what }) => !ROUTINE.test(what))
}

/** One line for each step: when, who, from whom, what. */
export function traceText(steps: readonly TraceStep[]): string {
  return steps.map(stepText).join('\n')
}

export function stepText({ time, from, to, what }: TraceStep): string {
  const who = from === to ? to : `${from} → ${to}`
  return `${time.toFixed(1).padStart(10)} ms  ${who}: ${what}`
}

/** More than this nobody reads in a diagram. */
const MOST_ARROWS = 200

/** The end of the trace as a sequence diagram for Mermaid. */
export function sequenceDiagram(steps: readonly TraceStep[]): string {
  const shown = steps.slice(-MOST_ARROWS)
  const names = [...new Set(shown.flatMap(({ from, to }) => [from, to]))]
  const idOf = (name: string) => `p${names.indexOf(name)}`
  return [
    'sequenceDiagram',
    ...names.map((name) => `  participant ${idOf(name)} as ${plain(name)}`),
    ...shown.map(({ time, from, to, what }) => {
      const text = `${plain(what)} (${time.toFixed(0)} ms)`
      return from === to ? `  Note over ${idOf(to)}: ${text}` : `  ${idOf(from)}->>${idOf(to)}: ${text}`
    }),
  ].join('\n')
}

/** Mermaid ends a line's text at a semicolon, and takes a number sign for the beginning of an entity. */
function plain(text: string): string {
  return text.replaceAll(/[;#\n]/g, ' ')
}
