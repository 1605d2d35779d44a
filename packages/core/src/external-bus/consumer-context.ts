import type { Clock } from '../clock.ts'
import type { CommandDefinition, EventDefinition } from '../messages/definitions.ts'
import type { System } from '../messages/define-system.ts'
import type { Incoming } from './broker.ts'
import { describeFailure, type FailureListener } from './delivery-failure.ts'
import type { Delivery } from './external-bus.ts'
import type { InFlight } from './in-flight.ts'
import type { Accepted, Refusal } from './receive.ts'
import { bury, type RetryRoute } from './redelivery.ts'
import type { Registrations } from './registrations.ts'

/** What everything that consumes needs of its bus. */
export interface ConsumerContext {
  readonly self: string
  readonly instance: string
  readonly system: System
  readonly registrations: Registrations
  readonly inFlight: InFlight
  readonly clock: Clock
  /** In ms. */
  readonly handlerTimeout: number
  readonly attempts: number
  readonly ordered: boolean
  /** Does not throw. */
  readonly report: FailureListener
}

/** A frame that was refused and that nobody is told about is a dead letter at once. */
export async function buryRefused(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  { code, cause, sender }: Refusal,
): Promise<void> {
  const action = await bury(route, { incoming, sender, handler: null }, code)
  context.report(describeFailure(route.queue, incoming, sender, { reason: code, action, error: cause }))
}

export function deliveryOf(
  incoming: Incoming,
  { sender, fingerprint }: Accepted<CommandDefinition | EventDefinition>,
  signal: AbortSignal,
  attempt: number = sender.attempt,
): Delivery {
  return {
    caller: sender.caller,
    redelivered: incoming.redelivered || attempt > 1,
    attempt,
    signal,
    fingerprint,
  }
}
