import { createHash } from 'node:crypto'
import type { Command, CommandDefinition, MessageBus, ResultOf } from '@posthorn/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

/** With it a repeated request gets the first one's answer. */
export const idempotencyKey = z.object({
  'idempotency-key': z
    .uuid()
    .toLowerCase()
    .optional()
    .describe('makes a repetition harmless: it gets the first answer'),
})

/** Handles what a request asks for, and tells under which correlation id the logs have it. */
export async function handleCommand<I, P, R, T extends string>(
  bus: MessageBus,
  definition: CommandDefinition<T, I, P, R>,
  payload: I,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<R> {
  const fresh = definition(payload)
  const { 'idempotency-key': key } = request.headers
  const command =
    typeof key === 'string' ? definition.receive({ ...fresh, id: key, correlationId: key }) : fresh
  reply.header('x-correlation-id', command.correlationId)
  request.log.info({ correlationId: command.correlationId, type: command.type }, 'command')
  if (command === fresh) return bus.handle(command) as Promise<ResultOf<Command<T, P, R>>>
  const result = await bus.receive(command, {
    caller: bus.domain,
    redelivered: false,
    attempt: 1,
    signal: new AbortController().signal,
    fingerprint: createHash('sha256')
      .update(`${command.type} ${JSON.stringify(command.payload)}`)
      .digest('hex'),
  })
  // A first outcome is the handler's; a stored one has been validated by the definition.
  return result as R
}
