import {
  type Attributes,
  context,
  type Meter,
  metrics,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Operation, Outcome, Running, Telemetry } from '../telemetry/telemetry.ts'
import { describeOperation } from './describe-operation.ts'
import { errorType } from './error-type.ts'
import { instrumentsOf } from './instruments.ts'
import { meterOf } from './meter-of.ts'
import { originOf } from './origin-of.ts'
import { withCorrelation } from './trace-fields.ts'
import { formatTraceparent } from './traceparent.ts'
import { watchSource } from './watch-source.ts'

/** Where spans and metrics go. */
export interface OpenTelemetryOptions {
  /** Default: that of the global provider, now or later. */
  readonly tracer?: Tracer
  /** Default: that of the global provider, which must have been set before. */
  readonly meter?: Meter
}

const SCOPE = '@posthorn/core'

/**
 * Telemetry by OpenTelemetry: give it to buses, units of work, relays and drivers as `telemetry`. Spans and attributes
 * follow its semantic conventions for messaging; `docs/reference/telemetry.md` lists them and the metrics. Messages carry
 * W3C trace context. What is part of what, inside a process, is known from the SDK's context manager.
 */
export function openTelemetry({
  tracer = trace.getTracer(SCOPE),
  meter = metrics.getMeter(SCOPE),
}: OpenTelemetryOptions = {}): Telemetry {
  const instruments = instrumentsOf(meter)
  const measure = meterOf(instruments)
  return {
    begin: (operation) => begin(tracer, measure, operation),
    note: (fact) => measure.noted(fact),
    watch: (source) => watchSource(meter, instruments, source),
  }
}

function begin(tracer: Tracer, measure: ReturnType<typeof meterOf>, operation: Operation): Running {
  const { name, kind, attributes, labels } = describeOperation(operation)
  const { parent, links } = originOf(operation, context.active())
  const span = tracer.startSpan(name, { kind, attributes: { ...labels, ...attributes }, links }, parent)
  const cause = 'message' in operation ? operation.message : undefined
  const within = withCorrelation(trace.setSpan(parent, span), cause?.correlationId)
  const began = performance.now()
  let ended = false
  measure.began(operation, labels)
  return {
    traceparent: formatTraceparent(span.spanContext()) ?? cause?.traceparent ?? null,
    run: (work) => context.with(within, work),
    end: (outcome) => {
      if (ended) return
      ended = true
      const result = resultOf(operation, outcome)
      span.setAttributes(result)
      // Not what the error says: that may hold anything, and is in the log.
      if ('error.type' in result) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      measure.ended(operation, labels, result, (performance.now() - began) / 1_000)
    },
  }
}

function resultOf({ kind }: Operation, outcome: Outcome | undefined): Attributes {
  return {
    ...(kind === 'transaction' && {
      'posthorn.transaction.outcome': outcome === undefined ? 'committed' : 'rolled-back',
    }),
    ...(typeof outcome === 'object' && { 'error.type': errorType(outcome.error) }),
  }
}
