import { type Clock, systemClock } from '../clock.ts'
import { harmless } from '../listener.ts'
import type { System } from '../messages/define-system.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Broker } from './broker.ts'
import { type DeliveryFailure, type FailureListener, logFailure } from './delivery-failure.ts'

/** What an external bus is made of, on any broker. */
export interface ExternalBusOptions<D extends string = string> {
  /** The domain or client of the system that this bus speaks as; the broker's user must be the same. */
  readonly domain: D
  readonly system: System
  readonly broker: Broker
  /** Before the names of vhosts, as in the plan of the system. */
  readonly namespace?: string
  /** Declares what it needs itself instead of checking that it has been provisioned. For development. */
  readonly selfDeclare?: boolean
  /** Messages that each queue may have out to this bus, which are handled at once. Default 50. */
  readonly prefetch?: number
  /**
   * Handles events one at a time, whatever `prefetch` says, and retries them in place, so that none overtakes another.
   * The plan must list this subscriber as ordered, or another instance will. Default false.
   */
  readonly ordered?: boolean
  /** How long a handler may take, in ms. Default 35,000: longer than the internal bus gives it, which names the handler. */
  readonly handlerTimeout?: number
  /** How often an event or a command that was sent is tried before it is a dead letter. Default 8. */
  readonly attempts?: number
  /** How many calls may wait for their answers. Default 1,000. */
  readonly pendingCalls?: number
  /** This process's name in the property `app-id`. Default `<domain>-<process id>`. */
  readonly instance?: string
  readonly clock?: Clock
  /** Hears of every delivery that did not end well. By default they become warnings of the process. */
  readonly onError?: (failure: DeliveryFailure) => void
  readonly telemetry?: Telemetry | undefined
}

/** The options with every choice made. */
export interface BusSettings
  extends Required<Omit<ExternalBusOptions, 'namespace' | 'onError' | 'telemetry'>> {
  readonly namespace: string | undefined
  readonly telemetry: Telemetry | undefined
  /** Does not throw. */
  readonly report: FailureListener
}

export function settingsOf(options: ExternalBusOptions): BusSettings {
  const { onError = logFailure, telemetry } = options
  const report = harmless(onError)
  return {
    domain: options.domain,
    system: options.system,
    broker: options.broker,
    namespace: options.namespace,
    selfDeclare: options.selfDeclare ?? false,
    prefetch: options.prefetch ?? 50,
    ordered: options.ordered ?? false,
    handlerTimeout: options.handlerTimeout ?? 35_000,
    attempts: options.attempts ?? 8,
    pendingCalls: options.pendingCalls ?? 1_000,
    instance: options.instance ?? `${options.domain}-${process.pid}`,
    clock: options.clock ?? systemClock,
    telemetry,
    report:
      telemetry === undefined
        ? report
        : (failure) => {
            const { queue, reason, action } = failure
            telemetry.note({ kind: 'delivery-failed', queue, reason, action })
            report(failure)
          },
  }
}
