import type { EventDefinition } from '../messages/definitions.ts'
import type { BrokerLink, Incoming } from './broker.ts'
import { buryRefused, type ConsumerContext, deliveryOf } from './consumer-context.ts'
import { describeFailure } from './delivery-failure.ts'
import { withinLimit } from './in-flight.ts'
import { eventQueue, subscriberRetryExchange } from './names.ts'
import { type Accepted, type Expected, receive } from './receive.ts'
import { bury, type RetryRoute, retryLater } from './redelivery.ts'
import type { AnyEventReceiver } from './registrations.ts'
import { retryInPlace } from './retry-in-place.ts'

/** What takes the events of one domain out of its subscriber's queue. */
export function eventConsumer(
  context: ConsumerContext,
  link: BrokerLink,
  domain: string,
): (incoming: Incoming) => void {
  const { self, attempts, registrations } = context
  const queue = eventQueue(self)
  const route: RetryRoute = { link, queue, exchange: subscriberRetryExchange(self), attempts }
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
  const consume = (incoming: Incoming) =>
    context.inFlight.run(incoming, async (controller) => {
      const received = receive(incoming.frame, expected)
      if (!received.ok) await buryRefused(context, route, incoming, received)
      else if (context.ordered) await handleInPlace(context, route, incoming, received, controller)
      else await handleOnce(context, route, incoming, received, controller)
    })

  if (!context.ordered) return (incoming) => void consume(incoming)
  let last = Promise.resolve()
  return (incoming) => {
    last = last.then(() => consume(incoming))
  }
}

async function handleOnce(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
  controller: AbortController,
): Promise<void> {
  try {
    await callHandlers(context, incoming, accepted, controller, accepted.sender.attempt)
  } catch (error) {
    const { sender } = accepted
    const action = await retryLater(route, { incoming, sender, handler: handlerName(error) })
    context.report(
      describeFailure(route.queue, incoming, sender, { reason: 'handler-failed', action, error }),
    )
    return
  }
  incoming.ack()
}

async function handleInPlace(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
  controller: AbortController,
): Promise<void> {
  const { sender } = accepted
  try {
    const end = await retryInPlace(context.clock, context.inFlight.stopping, (retry) =>
      callHandlers(context, incoming, accepted, controller, sender.attempt + retry),
    )
    if (end === 'stopped') incoming.release()
    else incoming.ack()
  } catch (error) {
    const reason = 'attempts-exhausted'
    const action = await bury(route, { incoming, sender, handler: handlerName(error) }, reason)
    context.report(describeFailure(route.queue, incoming, sender, { reason, action, error }))
  }
}

/** Calls all handlers at once and waits for all; one that fails does not stop the others. */
async function callHandlers(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<EventDefinition>,
  controller: AbortController,
  attempt: number,
): Promise<void> {
  const { message, definition } = accepted
  const handlers = context.registrations.eventHandlers(definition.type)
  const delivery = deliveryOf(incoming, accepted, controller.signal, attempt)
  const call = async (handler: AnyEventReceiver) =>
    handler(message as Parameters<AnyEventReceiver>[0], delivery)
  const results = await withinLimit(context.clock, context.handlerTimeout, controller, () =>
    Promise.allSettled(handlers.map(call)),
  )
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [{ handler: handlers[index]?.name ?? '', error: result.reason as unknown }]
      : [],
  )
  if (failures.length > 0) throw new HandlersFailed(failures)
}

class HandlersFailed extends AggregateError {
  readonly handlers: string

  constructor(failures: readonly { readonly handler: string; readonly error: unknown }[]) {
    const handlers = failures.map(({ handler }) => handler || 'anonymous').join(' ')
    super(
      failures.map(({ error }) => error),
      `Handlers failed: ${handlers}`,
    )
    this.name = 'HandlersFailed'
    this.handlers = handlers
  }
}

function handlerName(error: unknown): string | null {
  return error instanceof HandlersFailed ? error.handlers.slice(0, 255) : null
}
