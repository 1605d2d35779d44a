import type { Middleware } from '../middleware.ts'

/** The part of a logger that is used here; pino's fits. */
export interface Logger {
  debug(facts: object, text: string): void
  warn(facts: object, text: string): void
}

/** Logs each handler call with its message's identity, how long it took, and its error; never the payload. */
export function logging(logger: Logger): Middleware {
  return async (call, next) => {
    const { message, handler, context } = call
    const started = performance.now()
    const facts = () => ({
      handler,
      messageId: message.id,
      correlationId: message.correlationId,
      causationId: message.causationId,
      caller: context.caller,
      attempt: context.attempt,
      ms: Math.round(performance.now() - started),
    })
    try {
      const result = await next()
      logger.debug(facts(), 'handled')
      return result
    } catch (error) {
      logger.warn({ ...facts(), err: error }, 'handler failed')
      throw error
    }
  }
}
