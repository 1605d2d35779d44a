import { deferred } from './deferred.ts'

/** Waits until a promise settles, but no longer than `ms`. Its error is somebody else's to handle. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = deferred<void>()
  const timer = setTimeout(over.resolve, ms)
  promise.then(
    () => over.resolve(),
    () => over.resolve(),
  )
  await over.promise
  clearTimeout(timer)
}
