import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { context, diag, metrics, propagation, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type SpanCollector, startSpanCollector } from '../../../../tooling/running-system/span-collector.ts'
import { createHttpServer, type Routes } from '../../src/http-server.ts'
import { createLogger } from '../../src/logger.ts'
import { metricsRoute } from '../../src/metrics-route.ts'
import type { ServiceTelemetry } from '../../src/service-telemetry.ts'
import { startTelemetry } from '../../src/start-telemetry.ts'

let collector: SpanCollector
let telemetry: ServiceTelemetry | undefined
const lines: string[] = []
const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) })

beforeAll(async () => {
  collector = await startSpanCollector()
  telemetry = await startTelemetry('test', { disabled: false, endpoint: `${collector.url}/` }, logger)
})

afterAll(async () => {
  await collector.stop()
  for (const api of [trace, context, propagation, metrics, diag]) api.disable()
})

const routes: Routes = (app, _options, done) => {
  app.get('/health/live', async () => 'live')
  app.get('/never', () => new Promise(() => undefined))
  app.post('/things/:thing', { schema: { body: z.object({ n: z.int() }) } }, async ({ body, log }) => {
    log.info('asked')
    if (body.n === 5) throw new Error('five')
    return {}
  })
  done()
}

const server = () =>
  createHttpServer({
    title: 'Test',
    description: '',
    logger,
    statuses: {},
    routes: [routes, ...(telemetry === undefined ? [] : [metricsRoute(telemetry)])],
    overloaded: () => false,
    telemetry,
  })

const TRACE = 'a'.repeat(32)
const headers = { traceparent: `00-${TRACE}-${'b'.repeat(16)}-01` }

test('a request is a span of the trace that it comes with, and so are the lines that are logged for it', async () => {
  const http = await server()
  const address = await http.listen({ host: '127.0.0.1', port: 0 })
  lines.length = 0
  const asking = request(`${address}/things/4711?q=1`, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-type': 'application/json', 'content-length': '7' },
  })
  asking.flushHeaders()
  await expect.poll(() => lines.join('')).toContain('incoming request')
  // What the socket now brings, it brings in nobody's trace.
  asking.end('{"n":1}')
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  answer.resume()
  await http.close()
  const logged = lines.map((line) => JSON.parse(line))
  for (const msg of ['asked', 'request completed']) {
    expect(logged).toContainEqual(
      expect.objectContaining({ msg, trace_id: TRACE, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) }),
    )
  }
  expect(lines.join('').match(/"trace_id"/g)).toHaveLength(2)
})

test('metrics are given in the text format of Prometheus, by route and status, without what only watches', async () => {
  const http = await server()
  await http.inject({ method: 'POST', url: '/things/1', payload: { n: 5 } })
  await http.inject({ method: 'GET', url: '/health/live' })
  await http.inject({ method: 'GET', url: `/${'x'.repeat(50)}` })
  const answer = await http.inject('/metrics')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const labels =
    'http_request_method="POST",url_scheme="http",http_route="/things/:thing",http_response_status_code="500",error_type="500"'
  expect(answer.body).toContain(`http_server_request_duration_count{${labels}} 1\n`)
  expect(answer.body).toContain('service_name="test"')
  expect(answer.body).not.toContain('health')
  expect(answer.body).not.toContain('xxx')
  expect((await http.inject({ method: 'POST', url: '/metrics' })).statusCode).toBe(405)
})

test('a request whose client has gone ends all the same', async () => {
  const http = await server()
  const address = await http.listen({ host: '127.0.0.1', port: 0 })
  lines.length = 0
  const asking = request(`${address}/never`)
  asking.on('error', () => undefined)
  asking.end()
  await expect.poll(() => lines.join('')).toContain('incoming request')
  asking.destroy()
  await expect
    .poll(async () => (await http.inject('/metrics')).body)
    .toMatch(/http_server_request_duration_count\{[^}]*http_route="\/never",error_type="aborted"\} 1\n/)
  await http.close()
})

test('it is not started when it is disabled', async () => {
  const options = { disabled: true, endpoint: collector.url }
  expect(await startTelemetry('test', options, logger)).toBeUndefined()
})

test('a stop hands over the last spans', async () => {
  await telemetry?.stop(5_000)
  const span = collector.spans.find(({ traceId }) => traceId === TRACE)
  expect(span).toMatchObject({
    service: 'test',
    name: 'POST /things/:thing',
    parentSpanId: 'b'.repeat(16),
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/things/:thing',
      'url.path': '/things/4711',
    },
  })
  expect(collector.spans.map(({ name }) => name).filter((name) => /health|metrics/.test(name))).toEqual([])
})
