import { BROKER, isStore } from './actor.ts'
import type { TraceStep } from './trace.ts'

/** What every process asks of its store and of the broker all the time, or whenever it starts. */
const ROUTINE = /^(take what is due|settle what|check the topology|consume |cancel |begin($|:))/

/** The steps that tell the story. */
export function telling(steps: readonly TraceStep[]): readonly TraceStep[] {
  return steps.filter(({ from, to, what }) => {
    const isOwn = [from, to].some((name) => name === BROKER || isStore(name))
    return !(isOwn && ROUTINE.test(what))
  })
}

/** One line for each step: its number, when, who, from whom, what. */
export function traceText(steps: readonly TraceStep[]): string {
  return steps.join('\n')
}

/** More than this nobody reads in a diagram. */
const MOST_ARROWS = 200

/** The end of the trace as a sequence diagram for Mermaid. */
export function sequenceDiagram(steps: readonly TraceStep[]): string {
  const shown = steps.slice(-MOST_ARROWS)
  const names = [...new Set(shown.flatMap(({ from, to }) => [from, to]))]
  const idOf = (name: string) => `p${names.indexOf(name)}`
  const left = steps.length - shown.length
  return [
    'sequenceDiagram',
    ...names.map((name) => `  participant ${idOf(name)} as ${plain(name)}`),
    ...(left === 0 ? [] : [`  Note over p0: ${left} earlier steps are left out`]),
    ...shown.map(({ number, time, from, to, what }) => {
      const text = `${number} ${plain(what)} (${time.toFixed(0)} ms)`
      return from === to ? `  Note over ${idOf(to)}: ${text}` : `  ${idOf(from)}->>${idOf(to)}: ${text}`
    }),
  ].join('\n')
}

/** Mermaid ends a line's text at a semicolon, and takes a number sign for the beginning of an entity. */
function plain(text: string): string {
  return text.replaceAll(/[;#\n]/g, ' ')
}
