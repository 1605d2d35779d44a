import type { Telemetry } from '@posthorn/core'
import type { Logger } from 'pino'

/** What a service tells of its work. */
export interface ServiceTelemetry {
  /** For the buses, the units of work, the relay and the driver. */
  readonly telemetry: Telemetry
  /** All metrics in Prometheus' text format. */
  metrics(): Promise<string>
  /** Hands over the spans that are left, as far as that can be done in `patience` ms. */
  stop(patience: number): Promise<void>
}

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
