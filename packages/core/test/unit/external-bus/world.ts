import type { ExternalBusOptions } from '../../../src/external-bus/bus-settings.ts'
import type { DeliveryFailure } from '../../../src/external-bus/delivery-failure.ts'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { inMemoryExternalBus } from '../../../src/external-bus/in-memory-external-bus.ts'
import { type PlanOptions, planSystem } from '../../../src/external-bus/plan-system.ts'
import { ManualClock } from '../manual-clock.ts'
import { system } from './allocation-system.ts'

/** A broker with the system's plan, buses on it whose time is in the test's hands, and what they report. */
export function openWorld(options: PlanOptions = {}) {
  const clock = new ManualClock()
  const plan = planSystem(system, options)
  const broker = new InMemoryBroker({ plan, clock })
  const failures: DeliveryFailure[] = []
  const onError = (failure: DeliveryFailure) => failures.push(failure)
  const bus = <const D extends string>(domain: D, more: Partial<Omit<ExternalBusOptions, 'broker'>> = {}) =>
    inMemoryExternalBus({ system, clock, onError, ...more, domain, broker })
  return { clock, broker, bus, failures, plan }
}
