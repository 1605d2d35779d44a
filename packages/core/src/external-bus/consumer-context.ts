import { type Signalled, withSignal } from '../abort.ts'
import type { Clock } from '../clock.ts'
import type { System } from '../messages/define-system.ts'
import type { CommandDefinition, EventDefinition } from '../messages/definitions.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Broker, Incoming } from './broker.ts'
import type { Deliveries } from './deliveries.ts'
import { describeFailure, type FailureListener } from './delivery-failure.ts'
import type { Delivery } from './external-bus.ts'
import type { Accepted, Refusal } from './receive.ts'
import { bury, type FailedDelivery, type RetryRoute, retryLater } from './redelivery.ts'
import type { Registrations } from './registrations.ts'

/** What everything that consumes needs of its bus. */
export interface ConsumerContext {
  readonly broker: Broker
  readonly self: string
  readonly instance: string
  readonly system: System
  readonly registrations: Registrations
  readonly deliveries: Deliveries
  readonly clock: Clock
  /** In ms. */
  readonly handlerTimeout: number
  readonly attempts: number
  readonly ordered: boolean
  /** Does not throw. */
  readonly report: FailureListener
  readonly telemetry: Telemetry | undefined
}

/** A frame that was refused and that nobody is told about is a dead letter at once. */
export async function buryRefused(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  { code, cause, sender }: Refusal,
): Promise<void> {
  await settleFailure(context, route, { incoming, sender, handler: null }, cause, code)
}

/**
 * Settles a delivery that failed, and reports it: dead at once for the reason `final`, without one tried again later.
 *
 * @throws the error itself, with nothing settled, when it was the stop that broke the handling off: that is no failure
 */
export async function settleFailure(
  context: ConsumerContext,
  route: RetryRoute,
  failed: FailedDelivery,
  error: unknown,
  final: string | undefined,
): Promise<void> {
  if (final === undefined && context.deliveries.ending.aborted) throw error
  const action = await (final === undefined ? retryLater(route, failed) : bury(route, failed, final))
  const { incoming, sender } = failed
  const reason = final ?? 'handler-failed'
  context.report(describeFailure(route.queue, incoming, sender, { reason, action, error }))
}

export function deliveryOf(
  incoming: Incoming,
  { sender, fingerprint }: Accepted<CommandDefinition | EventDefinition>,
  limited: Signalled,
  attempt: number = sender.attempt,
): Delivery {
  return withSignal(
    {
      caller: sender.caller,
      redelivered: incoming.redelivered || attempt > 1,
      attempt,
      fingerprint,
    },
    limited,
  )
}
