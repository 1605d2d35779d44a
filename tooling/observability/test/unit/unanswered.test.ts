import { expect, test } from 'vitest'
import { queriesOf } from '../../dashboard-queries.ts'
import { seriesOf } from '../../exposition.ts'
import { unanswered } from '../../unanswered.ts'

const series = seriesOf(
  [
    '# HELP handled Handlers',
    'handled_bucket{handler="a.B/c",le="0.1"} 2',
    'handled_bucket{handler="a.B/c",le="+Inf"} 3',
    'failed_total{handler="say \\"hi\\"",error_type="E"} 1e-7',
    'lag 0',
    '',
  ].join('\n'),
  { job: 'shop' },
)

test('samples are read with their labels and those of their target', () => {
  expect(series).toContainEqual({ name: 'lag', labels: { job: 'shop' }, value: 0 })
  expect(series).toContainEqual({
    name: 'failed_total',
    labels: { job: 'shop', handler: 'say "hi"', error_type: 'E' },
    value: 1e-7,
  })
})

test.each(['lag', 'lag zero', 'lag{job=shop} 1', '{"lag": 1}', '<html>'])('%s is no sample', (line) => {
  expect(() => seriesOf(line)).toThrow('Not a sample')
})

test.each([
  'lag',
  'lag{job=~".+"}',
  'histogram_quantile(0.95, sum by (le, job) (rate(handled_bucket{handler=~"a.*"}[1m])))',
  'sum by (error_type) (rate(failed_total{error_type!="", handler!~"a.*"}[1m])) / count(lag)',
])('%s is answered', (query) => {
  expect(unanswered(query, series)).toEqual([])
})

test.each([
  ['sum by (job (lag)', /does not parse/],
  ['lags', /nothing matches lags/],
  ['lag / lags', /nothing matches lags/],
  ['rate(handled_bucket{job="other"}[1m])', /nothing matches handled_bucket/],
  ['handled_bucket{handler=~"a"}', /nothing matches/],
  ['sum by (queue) (lag)', /the label queue/],
])('%s is not: a query, a metric or a label that is not there is told', (query, told) => {
  expect(unanswered(query, series).join()).toMatch(told)
})

test('what is asked for is what Grafana would ask for, variables filled in', () => {
  const queries = queriesOf({
    panels: [
      { title: 'Row', type: 'row' },
      { title: 'Lag', type: 'timeseries', targets: [{ expr: 'rate(lag{job=~"$job"}[$__rate_interval])' }] },
    ],
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        { name: 'job', type: 'query', query: 'label_values(lag, job)' },
      ],
    },
  })
  expect(queries).toEqual([
    { where: 'Lag', expr: 'rate(lag{job=~".+"}[1m])' },
    { where: '$job', expr: 'count by (job) (lag)' },
  ])
})
