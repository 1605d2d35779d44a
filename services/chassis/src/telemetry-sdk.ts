import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { DiagLogLevel, diag, metrics } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { openTelemetry } from '@posthorn/core/opentelemetry'
import type { Logger } from 'pino'
import type { ServiceTelemetry } from './service-telemetry.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Whoever asks for metrics does not wait longer, in ms, for one that cannot be had. */
const COLLECTING = 3_000

/** In ms. */
const EXPORT_INTERVAL = 1_000

/** Registers the SDK for the whole process: metrics, and traces where there is somebody to send them to. */
export function startSdk(service: string, endpoint: string | undefined, logger: Logger): ServiceTelemetry {
  tellOfTrouble(logger)
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.instance.id': `${hostname()}-${process.pid}`,
  }).merge(detectResources({ detectors: [envDetector] }))
  const tracing = endpoint === undefined ? undefined : startTracing(resource, endpoint)
  // As a reader: it opens no port of its own.
  const reader = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
  const meters = new MeterProvider({ resource, readers: [reader] })
  metrics.setGlobalMeterProvider(meters)
  return {
    telemetry: openTelemetry(),
    metrics: async () => {
      const { resourceMetrics } = await reader.collect({ timeoutMillis: COLLECTING })
      return serializer.serialize(resourceMetrics)
    },
    stop: async (patience) => {
      const stopped = Promise.all([tracing?.shutdown(), meters.shutdown()])
      await Promise.race([stopped, delay(patience, undefined, { ref: false })])
    },
  }
}

function startTracing(resource: Resource, endpoint: string): NodeTracerProvider {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
  const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: EXPORT_INTERVAL })
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] })
  provider.register()
  return provider
}

/** What goes wrong with telemetry is logged, and harms nobody. */
function tellOfTrouble(logger: Logger): void {
  const tell = (text: string, ...details: unknown[]) => {
    const facts = details.map((one) => withoutSecrets(String(one)).slice(0, 500))
    logger.warn({ details: facts }, `telemetry: ${withoutSecrets(text).slice(0, 500)}`)
  }
  const quiet = () => undefined
  diag.setLogger(
    { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}
