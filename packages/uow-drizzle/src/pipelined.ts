import { errorCode } from './classify-error.ts'

/** "Current transaction is aborted": what every statement after the failed one is told. */
const ABORTED = '25P02'

/**
 * Waits for statements that were sent one behind the other, and throws the error of the first one that failed, not of
 * one that failed because of it.
 */
export async function pipelined<T>(statements: readonly Promise<T>[]): Promise<readonly T[]> {
  try {
    return await Promise.all(statements)
  } catch (error) {
    const results = await Promise.allSettled(statements)
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    throw reasons.find((reason) => errorCode(reason) !== ABORTED) ?? error
  }
}
