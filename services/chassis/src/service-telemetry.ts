import type { Telemetry } from '@posthorn/core'

/** What a service tells of its work. */
export interface ServiceTelemetry {
  /** For the buses, the units of work, the relay and the driver. */
  readonly telemetry: Telemetry
  /** All metrics in Prometheus' text format. */
  metrics(): Promise<string>
  /** Hands over the spans that are left, as far as that can be done in `patience` ms. */
  stop(patience: number): Promise<void>
}
