import {
  type Attributes,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Asked for every second by whoever watches. */
const UNOBSERVED: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/metrics'])

/** In seconds, as OpenTelemetry's conventions for HTTP have it. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** In characters. A stranger chooses paths. */
const LONGEST_PATH = 256

interface Observed {
  readonly span: Span
  readonly began: number
  readonly labels: Attributes
}

/** Makes a span of every request, part of the trace that it comes with, and measures how long it took. */
export function observeRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer('@posthorn/chassis')
  const duration = metrics.getMeter('@posthorn/chassis').createHistogram('http.server.request.duration', {
    description: 'HTTP requests, until they are answered',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  })
  const requests = new WeakMap<FastifyRequest, Observed>()

  app.addHook('onRequest', (request, _reply, done) => {
    const { method, url } = request
    const route = request.routeOptions.url
    if (route !== undefined && UNOBSERVED.has(route)) {
      done()
      return
    }
    const labels = {
      'http.request.method': method,
      'url.scheme': request.protocol,
      ...(route === undefined ? {} : { 'http.route': route }),
    }
    const attributes = { ...labels, 'url.path': url.split('?', 1)[0]?.slice(0, LONGEST_PATH) ?? '' }
    const origin = propagation.extract(context.active(), request.headers)
    const name = route === undefined ? method : `${method} ${route}`
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, origin)
    requests.set(request, { span, began: performance.now(), labels })
    context.with(trace.setSpan(origin, span), done)
  })

  const end = (request: FastifyRequest, milliseconds: number, outcome: Attributes) => {
    const observed = requests.get(request)
    if (observed === undefined) return
    requests.delete(request)
    const { span, labels } = observed
    span.setAttributes(outcome)
    if ('error.type' in outcome) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    duration.record(milliseconds / 1_000, { ...labels, ...outcome })
  }

  app.addHook('onResponse', (request, { statusCode, elapsedTime }, done) => {
    end(request, elapsedTime, {
      'http.response.status_code': statusCode,
      ...(statusCode >= 500 && { 'error.type': String(statusCode) }),
    })
    done()
  })

  // Whoever asked has gone, and may never be answered.
  app.addHook('onRequestAbort', (request, done) => {
    const { began = 0 } = requests.get(request) ?? {}
    end(request, performance.now() - began, { 'error.type': 'aborted' })
    done()
  })
}
