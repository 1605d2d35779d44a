import type { CommandDefinition } from '../messages/definitions.ts'
import { isDeclared, isRefusal } from './answers.ts'
import { answerCall, refuseCall } from './answer-call.ts'
import type { BrokerLink, Incoming } from './broker.ts'
import { buryRefused, type ConsumerContext, deliveryOf } from './consumer-context.ts'
import { describeFailure } from './delivery-failure.ts'
import { withinLimit } from './in-flight.ts'
import { CALL_QUEUE, COMMAND_QUEUE, OWNER_RETRY_EXCHANGE } from './names.ts'
import { type Accepted, type Expected, receive } from './receive.ts'
import { bury, type Redelivered, type RetryRoute, retryLater } from './redelivery.ts'

/** What takes the commands that were sent out of the own domain's queue. Failures are tried again later. */
export function sendConsumer(context: ConsumerContext, link: BrokerLink): (incoming: Incoming) => void {
  const route: RetryRoute = {
    link,
    queue: COMMAND_QUEUE,
    exchange: OWNER_RETRY_EXCHANGE,
    attempts: context.attempts,
  }
  const expected = expectCommands(context, COMMAND_QUEUE, false)
  return (incoming) =>
    void context.inFlight.run(incoming, async (controller) => {
      const received = receive(incoming.frame, expected)
      if (!received.ok) {
        await buryRefused(context, route, incoming, received)
        return
      }
      try {
        await withinLimit(context.clock, context.handlerTimeout, controller, () =>
          runCommand(context, incoming, received, controller.signal),
        )
      } catch (error) {
        await handleFailure(context, route, incoming, received, error)
        return
      }
      incoming.ack()
    })
}

/** What takes the commands whose callers wait out of the own domain's queue. They are answered, whatever happens. */
export function callConsumer(context: ConsumerContext, link: BrokerLink): (incoming: Incoming) => void {
  const expected = expectCommands(context, CALL_QUEUE, true)
  return (incoming) =>
    void context.inFlight.run(incoming, async (controller) => {
      const received = receive(incoming.frame, expected)
      if (!received.ok) {
        await refuseCall(context, link, incoming, received)
        return
      }
      await answerCall(context, link, incoming, received, (limit) =>
        withinLimit(context.clock, limit, controller, () =>
          runCommand(context, incoming, received, controller.signal),
        ),
      )
    })
}

function expectCommands(
  context: ConsumerContext,
  queue: string,
  answered: boolean,
): Expected<CommandDefinition> {
  const { self, registrations } = context
  const definitions = context.system.domains.get(self)?.commands ?? {}
  return {
    queue,
    domain: self,
    self,
    kind: 'command',
    answered,
    definition: (name) =>
      registrations.commandHandler(`${self}.${name}`) === undefined ? undefined : definitions[name],
    allows: (definition, caller) => registrations.callersOf(definition).includes(caller),
  }
}

async function runCommand(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<CommandDefinition>,
  signal: AbortSignal,
): Promise<unknown> {
  const handler = context.registrations.commandHandler(accepted.definition.type)
  return handler?.(
    accepted.message as Parameters<NonNullable<typeof handler>>[0],
    deliveryOf(incoming, accepted, signal),
  )
}

/** An error of the contract and a refusal are answers, and asking again gives the same: there is nobody to tell. */
async function handleFailure(
  context: ConsumerContext,
  route: RetryRoute,
  incoming: Incoming,
  { definition, sender }: Accepted<CommandDefinition>,
  error: unknown,
): Promise<void> {
  const failed = { incoming, sender, handler: definition.type }
  const answer = isDeclared(definition, error) ? 'declared-error' : isRefusal(error) ? 'refused' : undefined
  const action: Redelivered = await (answer ? bury(route, failed, answer) : retryLater(route, failed))
  const reason = answer ?? 'handler-failed'
  context.report(describeFailure(route.queue, incoming, sender, { reason, action, error }))
}
