/** One series of a scrape, with the labels that Prometheus would have given it. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g

/**
 * Reads Prometheus' text format.
 * @param target the labels that a scrape adds
 * @throws when a line is none of it
 */
export function seriesOf(text: string, target: Readonly<Record<string, string>> = {}): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? []
      if (name === undefined || labels.replace(LABEL, '') !== '' || !isNumber(value)) {
        throw new Error(`Not a sample in Prometheus' text format: ${line}`)
      }
      const own = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, unescaped(text ?? '')])
      return {
        name,
        labels: { ...target, ...Object.fromEntries(own) },
        value: Number(value?.replace('Inf', 'Infinity')),
      }
    })
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^([+-]?Inf|NaN|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(text)
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
}
