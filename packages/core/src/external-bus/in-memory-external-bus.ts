import type { ExternalBusOptions } from './bus-settings.ts'
import { createExternalBus } from './connected-external-bus.ts'
import type { ExternalBus } from './external-bus.ts'
import type { InMemoryBroker } from './in-memory-broker.ts'

/**
 * The external bus on a broker in this process. Buses on the same broker reach each other; it must have been given the
 * system's plan.
 */
export function inMemoryExternalBus<const D extends string>(
  options: Omit<ExternalBusOptions<D>, 'broker'> & { readonly broker: InMemoryBroker },
): ExternalBus<D> {
  return createExternalBus({ ...options, broker: options.broker.connect(options.domain) })
}
