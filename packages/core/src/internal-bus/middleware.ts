import type { Message } from '../messages/message.ts'
import type { HandlerContext } from './handlers.ts'

/** One handler about to be called with one message. */
export interface HandlerCall {
  readonly message: Message
  /** The command's wire name, or `<event's wire name>/<handler's name>`. */
  readonly handler: string
  readonly context: HandlerContext
}

/**
 * Wraps every handler call: its unit of work and its commit are inside `next`. May change the context, call `next` more
 * than once, and sees the result or the error.
 */
export type Middleware = (call: HandlerCall, next: Next) => Promise<unknown>

/** Goes on with the call, in the context given or else in the call's own. */
export type Next = (context?: HandlerContext) => Promise<unknown>

/** The first of the list is the outermost. */
export function compose(
  list: readonly Middleware[],
): (call: HandlerCall, innermost: (call: HandlerCall) => Promise<unknown>) => Promise<unknown> {
  return (call, innermost) => {
    const step = (index: number, current: HandlerCall): Promise<unknown> => {
      const middleware = list[index]
      if (middleware === undefined) return innermost(current)
      return middleware(current, (context) =>
        step(index + 1, context === undefined ? current : { ...current, context }),
      )
    }
    return step(0, call)
  }
}
