import {
  type Attributes,
  type Context,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'

/** Asked for every second by whoever watches. */
const UNOBSERVED: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/metrics'])

/** In seconds, as OpenTelemetry's conventions for HTTP have it. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** In characters. A stranger chooses paths. */
const LONGEST_PATH = 256

interface Observed {
  readonly span: Span
  readonly within: Context
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

  app.addHook('onRequest', (request, reply, done) => {
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
    const within = trace.setSpan(origin, span)
    requests.set(request, { span, within, labels })
    reply.log = loggingWithin(reply.log, within)
    context.with(within, done)
  })

  // A body comes in by the socket, and what the socket calls knows nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const observed = requests.get(request)
    if (observed === undefined) done()
    else context.with(observed.within, done)
  })

  app.addHook('onResponse', (request, reply, done) => {
    const observed = requests.get(request)
    if (observed !== undefined) {
      const { span, labels } = observed
      const { statusCode } = reply
      const outcome = {
        'http.response.status_code': statusCode,
        ...(statusCode >= 500 && { 'error.type': String(statusCode) }),
      }
      span.setAttributes(outcome)
      if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      duration.record(reply.elapsedTime / 1_000, { ...labels, ...outcome })
    }
    done()
  })
}

/** The line that tells of the answer is written when nothing of its request goes on any more. */
function loggingWithin(log: FastifyBaseLogger, within: Context): FastifyBaseLogger {
  const method = (name: 'info' | 'error') => ({
    value: (...args: unknown[]) => context.with(within, () => Reflect.apply(log[name], log, args)),
  })
  return Object.create(log, { info: method('info'), error: method('error') })
}
