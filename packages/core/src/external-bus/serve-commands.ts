import { isRefusal } from '../handlers-failed.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { withinLimit } from '../within.ts'
import { answerCall, refuseCall } from './answer-call.ts'
import { isDeclared } from './answers.ts'
import type { BrokerLink, Incoming } from './broker.ts'
import { buryRefused, type ConsumerContext, deliveryOf, settleFailure } from './consumer-context.ts'
import {
  CALL_QUEUE,
  COMMAND_QUEUE,
  callKey,
  commandExchange,
  OWNER_RETRY_EXCHANGE,
  sendKey,
} from './names.ts'
import { processObserved } from './observed-frames.ts'
import { type Accepted, type Expected, receive } from './receive.ts'
import type { RetryRoute } from './redelivery.ts'

/** What takes the commands that were sent out of the own domain's queue. Failures are tried again later. */
export function sendConsumer(context: ConsumerContext, link: BrokerLink): (incoming: Incoming) => void {
  const route: RetryRoute = {
    link,
    queue: COMMAND_QUEUE,
    exchange: OWNER_RETRY_EXCHANGE,
    attempts: context.attempts,
    clock: context.clock,
    stopping: context.deliveries.stopping,
  }
  const expected = expectCommands(context, COMMAND_QUEUE, false)
  return (incoming) =>
    void context.deliveries.run(incoming, async () => {
      const received = receive(incoming.frame, expected)
      if (!received.ok) {
        await buryRefused(context, route, incoming, received)
        return
      }
      try {
        await runCommand(context, incoming, received, context.handlerTimeout)
      } catch (error) {
        const { definition, sender } = received
        const failed = { incoming, sender, handler: definition.type }
        await settleFailure(context, route, failed, error, finalReason(definition, error))
        return
      }
      incoming.ack()
    })
}

/** What takes the commands whose callers wait out of the own domain's queue. They are answered, whatever happens. */
export function callConsumer(context: ConsumerContext, link: BrokerLink): (incoming: Incoming) => void {
  const expected = expectCommands(context, CALL_QUEUE, true)
  return (incoming) =>
    void context.deliveries.run(incoming, () => {
      const received = receive(incoming.frame, expected)
      if (!received.ok) return refuseCall(context, link, incoming, received)
      return answerCall(context, link, incoming, received, (limit) =>
        runCommand(context, incoming, received, limit),
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

/** @param limit in ms. @throws {PosthornError} `HandlerTimeout`, or what the handler threw */
function runCommand(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<CommandDefinition>,
  limit: number,
): Promise<unknown> {
  const { broker, telemetry } = context
  if (telemetry === undefined) return callHandler(context, incoming, accepted, limit)
  const { definition, sender, reply } = accepted
  const delivery = {
    exchange: commandExchange(sender.caller),
    routingKey: reply === null ? sendKey(definition.type) : callKey(definition.type),
    queue: reply === null ? COMMAND_QUEUE : CALL_QUEUE,
    attempt: sender.attempt,
  }
  return processObserved(telemetry, broker, accepted, delivery, (observed) =>
    callHandler(context, incoming, observed, limit),
  )
}

function callHandler(
  context: ConsumerContext,
  incoming: Incoming,
  accepted: Accepted<CommandDefinition>,
  limit: number,
): Promise<unknown> {
  const { type } = accepted.definition
  const handler = context.registrations.commandHandler(type)
  const outer = () => [context.deliveries.ending]
  return withinLimit(context.clock, { handler: type, ms: limit, outer }, async (limited) =>
    handler?.(
      accepted.message as Parameters<NonNullable<typeof handler>>[0],
      deliveryOf(incoming, accepted, limited),
    ),
  )
}

/** An error of the contract and a refusal are answers, and asking again gives the same: there is nobody to tell. */
function finalReason(definition: CommandDefinition, error: unknown): string | undefined {
  if (isDeclared(definition, error)) return 'declared-error'
  return isRefusal(error) ? 'refused' : undefined
}
