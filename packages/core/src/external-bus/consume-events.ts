import { HandlersFailed, isRefusal } from '../handlers-failed.ts'
import type { EventDefinition } from '../messages/definitions.ts'
import { withinLimit } from '../within.ts'
import type { BrokerLink, Incoming } from './broker.ts'
import { buryRefused, type ConsumerContext, deliveryOf, settleFailure } from './consumer-context.ts'
import { EVENTS_EXCHANGE, eventKey, eventQueue, subscriberRetryExchange } from './names.ts'
import { processObserved } from './observed-frames.ts'
import { type Accepted, type Expected, receive } from './receive.ts'
import type { RetryRoute } from './redelivery.ts'
import type { AnyEventReceiver } from './registrations.ts'
import { retryInPlace } from './retry-in-place.ts'

/** What takes the events of one domain out of its subscriber's queue. */
export function eventConsumer(
  context: ConsumerContext,
  link: BrokerLink,
  domain: string,
): (incoming: Incoming) => void {
  const { self, attempts, registrations, clock } = context
  const queue = eventQueue(self)
  const route: RetryRoute = {
    link,
    queue,
    exchange: subscriberRetryExchange(self),
    attempts,
    clock,
    stopping: context.deliveries.stopping,
  }
  const definitions = context.system.domains.get(domain)?.events ?? {}
  const expected: Expected<EventDefinition> = {
    queue,
    domain,
    self,
    kind: 'event',
    answered: false,
    definition: (name) =>
      registrations.eventHandlers(`${domain}.${name}`).length > 0 ? definitions[name] : undefined,
    allows: () => true,
  }
  const handle = context.ordered ? handleInPlace : handleOnce
  const consume = (incoming: Incoming) =>
    context.deliveries.run(incoming, () => {
      const received = receive(incoming.frame, expected)
      return received.ok
        ? handle(context, route, incoming, received)
        : buryRefused(context, route, incoming, received)
    })

  if (!context.ordered) return (incoming) => void consume(incoming)
  // After a reconnect a message may be back while its lost delivery is still being tried.
  let last = Promise.resolve()
  return (incoming) => {
    last = last.then(() => consume(incoming))
  }
}

/** One try; the next one comes by way of the retry tiers, and other events go ahead meanwhile. */
async function handleOnce(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
): Promise<void> {
  const { sender } = accepted
  try {
    await callHandlers(context, incoming, accepted, sender.attempt)
  } catch (error) {
    const failed = { incoming, sender, handler: namesOf(error) }
    await settleFailure(context, route, failed, error, isRefusal(error) ? 'refused' : undefined)
    return
  }
  incoming.ack()
}

/** All tries while the others wait. A stop ends them without burying the event. */
async function handleInPlace(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
): Promise<void> {
  const { sender } = accepted
  const { stopping } = context.deliveries
  try {
    await retryInPlace(context.clock, stopping, isRefusal, (retry) =>
      callHandlers(context, incoming, accepted, sender.attempt + retry),
    )
  } catch (error) {
    const refused = isRefusal(error)
    if (stopping.aborted && !refused) throw error
    const failed = { incoming, sender, handler: namesOf(error) }
    await settleFailure(context, route, failed, error, refused ? 'refused' : 'attempts-exhausted')
    return
  }
  incoming.ack()
}

/**
 * Calls all handlers at once and waits for all; one that fails does not stop the others.
 *
 * @throws {HandlersFailed}
 * @throws {PosthornError} `HandlerTimeout`
 */
function callHandlers(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
  attempt: number,
): Promise<void> {
  const { broker, telemetry, self } = context
  if (telemetry === undefined) return callAll(context, incoming, accepted, attempt)
  const routingKey = eventKey(accepted.definition.type)
  const delivery = { exchange: EVENTS_EXCHANGE, routingKey, queue: eventQueue(self), attempt }
  return processObserved(telemetry, broker, accepted, delivery, (observed) =>
    callAll(context, incoming, observed, attempt),
  )
}

async function callAll(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
  attempt: number,
): Promise<void> {
  const { message, definition } = accepted
  const handlers = context.registrations.eventHandlers(definition.type)
  const limit = {
    handler: definition.type,
    ms: context.handlerTimeout,
    outer: () => [context.deliveries.ending],
  }
  const results = await withinLimit(context.clock, limit, (limited) => {
    const delivery = deliveryOf(incoming, accepted, limited, attempt)
    const call = async (handler: AnyEventReceiver) => {
      try {
        await handler(message as Parameters<AnyEventReceiver>[0], delivery)
        return null
      } catch (error) {
        return { handler: handler.name || 'anonymous', error }
      }
    }
    return Promise.all(handlers.map(call))
  })
  const failures = results.filter((failure) => failure !== null)
  if (failures.length > 0) throw new HandlersFailed(message, failures)
}

/** For a header, which has an end. */
function namesOf(error: unknown): string | null {
  if (!(error instanceof HandlersFailed)) return null
  return error.failures
    .map(({ handler }) => handler)
    .join(' ')
    .slice(0, 255)
}
