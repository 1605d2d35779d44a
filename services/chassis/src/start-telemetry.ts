import type { Logger } from 'pino'
import type { ServiceTelemetry } from './service-telemetry.ts'

export interface TelemetryOptions {
  readonly disabled: boolean
  /** Where spans go, by OTLP over HTTP; without it there are none, and metrics alone. */
  readonly endpoint: string | undefined
}

/**
 * Starts OpenTelemetry's SDK for this process; undefined when it is disabled, and then not even loaded. Before anything
 * that is to be observed is made.
 */
export async function startTelemetry(
  service: string,
  { disabled, endpoint }: TelemetryOptions,
  logger: Logger,
): Promise<ServiceTelemetry | undefined> {
  if (disabled) return undefined
  const { startSdk } = await import('./telemetry-sdk.ts')
  return startSdk(service, endpoint, logger)
}
