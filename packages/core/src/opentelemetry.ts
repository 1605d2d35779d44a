/**
 * `@posthorn/core/opentelemetry`: spans, metrics and log fields by OpenTelemetry. This entry point alone needs
 * `@opentelemetry/api`, which is an optional peer: what is made of the data, and where it goes, is for an SDK to decide.
 */
export { type OpenTelemetryOptions, openTelemetry } from './opentelemetry/open-telemetry.ts'
export { traceFields } from './opentelemetry/trace-fields.ts'
