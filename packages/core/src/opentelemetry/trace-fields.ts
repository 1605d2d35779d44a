import { type Context, context, createContextKey, isSpanContextValid, trace } from '@opentelemetry/api'

const CORRELATION = createContextKey('posthorn correlation id')

export function withCorrelation(within: Context, correlationId: string | undefined): Context {
  return correlationId === undefined ? within : within.setValue(CORRELATION, correlationId)
}

/**
 * What a line of a log should say of where it was written: `trace_id`, `span_id` and `trace_flags` of the span, and the
 * `correlationId` of the message that is being handled; nothing outside. For pino: `pino({ mixin: traceFields })`.
 */
export function traceFields(): Readonly<Record<string, string>> {
  const active = context.active()
  const span = trace.getSpanContext(active)
  const correlationId = active.getValue(CORRELATION)
  return {
    ...(span === undefined || !isSpanContextValid(span)
      ? {}
      : {
          trace_id: span.traceId,
          span_id: span.spanId,
          trace_flags: span.traceFlags.toString(16).padStart(2, '0'),
        }),
    ...(typeof correlationId === 'string' ? { correlationId } : {}),
  }
}
