import type { Routes } from './http-server.ts'
import type { ServiceTelemetry } from './service-telemetry.ts'

/** What Prometheus scrapes. Like health it is for whoever runs the service, and says nothing of what it handles. */
export function metricsRoute({ metrics }: ServiceTelemetry): Routes {
  return (app, _options, done) => {
    app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (_, reply) => {
      const text = await metrics()
      return reply.type('text/plain; version=0.0.4; charset=utf-8').serializer(String).send(text)
    })
    done()
  }
}
