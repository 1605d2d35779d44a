/** A query of a dashboard, and where it stands. */
export interface DashboardQuery {
  readonly where: string
  readonly expr: string
}

interface Panel {
  readonly title: string
  readonly type: string
  readonly targets?: readonly { readonly expr: string }[]
}

/** What is read here of a dashboard of Grafana. */
export interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[]
  }
}

/** What Grafana asks Prometheus for: with every service selected, and of the last minutes. */
export function queriesOf({ panels, templating }: Dashboard): readonly DashboardQuery[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, expr: filledIn(expr) })),
  )
  const ofVariables = templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => ({ where: `$${name}`, expr: labelValues(query) }))
  return [...ofPanels, ...ofVariables]
}

function filledIn(expr: string): string {
  return expr.replaceAll('$job', '.+').replaceAll('$__rate_interval', '1m')
}

/** `label_values(series, label)` as a query: each series has the label, or it would not be offered. */
function labelValues(query: string): string {
  const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
  if (series === undefined) throw new Error(`${query} is no label_values(series, label)`)
  return `count by (${label}) (${series})`
}
