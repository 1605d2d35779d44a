import type { Message } from '../messages/message.ts'
import type { Operation, Running, Telemetry } from './telemetry.ts'

/** Does the work of an operation. Only for who has telemetry: whoever has none does the work as it is. */
export async function during<T>(
  telemetry: Telemetry,
  operation: Operation,
  work: (running: Running) => Promise<T>,
): Promise<T> {
  const running = telemetry.begin(operation)
  try {
    const result = await running.run(() => work(running))
    running.end()
    return result
  } catch (error) {
    running.end({ error })
    throw error
  }
}

/** The same message within an operation: what it causes is part of that. */
export function inTrace<M extends Pick<Message, 'traceparent'>>(message: M, { traceparent }: Running): M {
  return message.traceparent === traceparent ? message : Object.freeze({ ...message, traceparent })
}
