import { parser } from '@prometheus-io/lezer-promql'
import type { Series } from './exposition.ts'

/**
 * Why a query of PromQL finds nothing in these series: it does not parse, a selector matches none, or a label by which
 * it groups is on none of those that match. Prometheus' own grammar says what is in a query; it is not calculated.
 */
export function unanswered(query: string, series: readonly Series[]): readonly string[] {
  const faults: string[] = []
  const grouped: string[] = []
  const selected: Series[] = []
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }) => query.slice(from, to)
  parser.parse(query).iterate({
    enter: (reference) => {
      const { node, name } = reference
      if (node.type.isError) faults.push(`does not parse at ${reference.from}`)
      if (name === 'GroupingLabels') grouped.push(...node.getChildren('LabelName').map(textOf))
      if (name !== 'VectorSelector') return
      const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(textOf)
      const metric = node.getChild('Identifier')
      const found = series.filter(
        (one) =>
          (metric === null || one.name === textOf(metric)) &&
          matchers.every((matcher) => matches(one, matcher)),
      )
      if (found.length === 0) faults.push(`nothing matches ${textOf(node)}`)
      selected.push(...found)
    },
  })
  const missing = grouped.filter((label) => !selected.some(({ labels }) => label in labels))
  return [...faults, ...missing.map((label) => `nothing that matches has the label ${label}`)]
}

const MATCHER = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/

/** A label that is not there is an empty one, and regular expressions must match all of it: as in Prometheus. */
function matches({ labels }: Series, matcher: string): boolean {
  const [, label = '', operator, wanted = ''] = MATCHER.exec(matcher) ?? []
  if (operator === undefined) throw new Error(`${matcher} is no matcher that is known here`)
  const value = labels[label] ?? ''
  const fits = operator.endsWith('~') ? new RegExp(`^(?:${wanted})$`).test(value) : value === wanted
  return operator.startsWith('!') ? !fits : fits
}
