import { PosthornError } from '../errors.ts'
import { isRefusal } from '../handlers-failed.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { uuidV7 } from '../messages/uuid-v7.ts'
import {
  declaredErrorFrame,
  errorFrame,
  type RefusalName,
  refusedBody,
  replyFailedBody,
  replyFrame,
  undeclaredBody,
} from './answers.ts'
import type { BrokerLink, Frame, Incoming } from './broker.ts'
import type { ConsumerContext } from './consumer-context.ts'
import { type DeliveryFailure, describeFailure } from './delivery-failure.ts'
import { CALL_QUEUE } from './names.ts'
import type { Accepted, Refusal, RefusalCode } from './receive.ts'
import type { EffectiveSender } from './sender.ts'

/** In ms. A caller that sees no answer asks again, with the same id. */
const REPLY_DEADLINE = 5_000

/**
 * Runs a call and answers with its result or its error. It is never tried again here: the caller decides. But what a
 * stop breaks off goes back to the queue, for another instance to answer as long as the caller waits.
 *
 * @param run the handler within a limit, in ms
 */
export async function answerCall(
  context: ConsumerContext,
  link: BrokerLink,
  incoming: Incoming,
  accepted: Accepted<CommandDefinition>,
  run: (limit: number) => Promise<unknown>,
): Promise<void> {
  const frame = await answerFrame(context, incoming, accepted, run)
  if (frame === null) incoming.ack()
  else await reply(context, link, incoming, accepted.sender, frame)
}

/** Tells a caller that its call was refused, if it is known whom to tell. Calls leave no dead letters. */
export async function refuseCall(
  context: ConsumerContext,
  link: BrokerLink,
  incoming: Incoming,
  { code, cause, sender, reply: to }: Refusal,
): Promise<void> {
  const errorId = report(context, incoming, sender, code, to === null ? 'drop' : 'answer', cause)
  if (to === null) {
    incoming.ack()
    return
  }
  const body = refusedBody(context.self, REFUSED_AS[code] ?? 'ValidationFailed', errorId)
  await reply(context, link, incoming, sender, errorFrame(to, body, context.instance))
}

const REFUSED_AS: Readonly<Partial<Record<RefusalCode, RefusalName>>> = {
  forbidden: 'Forbidden',
  'unknown-message': 'UnknownMessage',
  'unknown-version': 'UnknownVersion',
}

/** Null when nobody waits any more, or for another delivery. @throws the handler's error when it was the stop that broke it off */
async function answerFrame(
  context: ConsumerContext,
  incoming: Incoming,
  { definition, sender, reply: to, timeLeft }: Accepted<CommandDefinition>,
  run: (limit: number) => Promise<unknown>,
): Promise<Frame | null> {
  if (to === null) return null
  const { self, instance } = context
  const limit = Math.min(context.handlerTimeout, timeLeft ?? Number.POSITIVE_INFINITY)
  let value: unknown
  try {
    value = await run(limit)
  } catch (error) {
    const declared = declaredErrorFrame(to, definition, error, instance)
    if (declared !== undefined) return declared
    if (context.deliveries.ending.aborted && !isRefusal(error)) throw error
    if (!isRefusal(error) && !(await incoming.ackConfirmed())) {
      // It may be delivered again, and succeed.
      report(context, incoming, sender, 'handler-failed', 'requeue', error)
      return null
    }
    const isTooLate = limit === timeLeft && error instanceof PosthornError && error.code === 'HandlerTimeout'
    const errorId = report(context, incoming, sender, 'handler-failed', isTooLate ? 'drop' : 'answer', error)
    return isTooLate ? null : errorFrame(to, undeclaredBody(self, error, errorId), instance)
  }
  try {
    return replyFrame(to, definition.result(value), instance)
  } catch (error) {
    const errorId = report(context, incoming, sender, 'reply-failed', 'answer', error)
    return errorFrame(to, replyFailedBody(self, errorId), instance)
  }
}

async function reply(
  context: ConsumerContext,
  link: BrokerLink,
  incoming: Incoming,
  sender: EffectiveSender | null,
  frame: Frame,
): Promise<void> {
  try {
    await link.publish(frame, REPLY_DEADLINE)
  } catch (error) {
    // RabbitMQ before 4.0 returns a mandatory direct reply even when it was delivered.
    const isReturned = error instanceof PosthornError && error.code === 'Unroutable'
    if (!isReturned) report(context, incoming, sender, 'reply-failed', 'drop', error)
  }
  incoming.ack()
}

/** Gives the id under which the log has it. */
function report(
  context: ConsumerContext,
  incoming: Incoming,
  sender: EffectiveSender | null,
  reason: string,
  action: DeliveryFailure['action'],
  error: unknown,
): string {
  const errorId = uuidV7()
  context.report(describeFailure(CALL_QUEUE, incoming, sender, { reason, action, errorId, error }))
  return errorId
}
