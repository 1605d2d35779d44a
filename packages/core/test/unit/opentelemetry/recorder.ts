import { context, propagation, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { openTelemetry } from '../../../src/opentelemetry.ts'
import type { Telemetry } from '../../../src/telemetry/telemetry.ts'

/** Telemetry into memory, by OpenTelemetry's own SDK. Global, as its context manager is: end it. */
export interface Recorder {
  readonly telemetry: Telemetry
  /** A span of the test's own around some work. */
  around<T>(name: string, work: () => Promise<T>): Promise<T>
  spans(): readonly ReadableSpan[]
  /** The one span of that name. */
  span(name: string): ReadableSpan
  /** The values of a metric now, by its attributes; of a histogram how many were recorded. */
  values(metric: string): Promise<readonly { readonly value: number; readonly attributes: object }[]>
  end(): Promise<void>
}

export function startRecorder(): Recorder {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  // It never comes to an export of its own accord: `values` asks for each.
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 30 })
  const meters = new MeterProvider({ readers: [reader] })
  const tracer = provider.getTracer('test')
  const spans = () => exporter.getFinishedSpans()
  return {
    telemetry: openTelemetry({ tracer, meter: meters.getMeter('test') }),
    around: (name, work) =>
      tracer.startActiveSpan(name, (span) => work().finally(() => span.end())) as ReturnType<typeof work>,
    spans,
    span: (name) => {
      const [found, ...others] = spans().filter((one) => one.name === name)
      if (found === undefined || others.length > 0) {
        throw new Error(
          `${others.length + (found === undefined ? 0 : 1)} spans ${name} among ${spans().map((one) => one.name)}`,
        )
      }
      return found
    },
    values: async (metric) => {
      const { resourceMetrics } = await reader.collect()
      return resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === metric)
        .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[])
        .map(({ value, attributes }) => ({
          value: typeof value === 'number' ? value : value.count,
          attributes,
        }))
    },
    end: async () => {
      await provider.shutdown()
      await meters.shutdown()
      for (const api of [trace, context, propagation]) api.disable()
    },
  }
}
