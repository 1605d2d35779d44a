import { PosthornError } from '../errors.ts'
import { failureReason } from '../outbox/outbox-policy.ts'
import type { Failed } from './tracker.ts'

/** It did not come to rest in time. */
export function notSettled(
  after: string,
  left: readonly string[],
  failed: readonly Failed[],
): PosthornError<'RunNotSettled'> {
  const failures = failed.length === 0 ? [] : ['What has failed:', ...failed.map(failureLine)]
  const text = [`Not settled after ${after}. Still to be done:`, ...left.map(indent), ...failures]
  return new PosthornError('RunNotSettled', text.join('\n'), {
    details: { left },
    ...causeOf(failed),
  })
}

/** Something failed that nobody was told of. */
export function runFailed(failed: readonly Failed[]): PosthornError<'RunFailed'> {
  const text = [
    'Something has failed of which nobody was told. Where that is meant, settle with `mayFail: true`:',
    ...failed.map(failureLine),
  ]
  return new PosthornError('RunFailed', text.join('\n'), causeOf(failed))
}

function causeOf(failed: readonly Failed[]): { cause?: unknown } {
  const errors = failed.map(({ error }) => error)
  if (errors.length === 0) return {}
  return { cause: errors.length === 1 ? errors[0] : new AggregateError(errors) }
}

function failureLine({ domain, handler, type, messageId, attempt, error }: Failed): string {
  const who = handler === null ? domain : `${domain}: ${handler}`
  return indent(`${who}, with ${type} ${messageId}, attempt ${attempt}: ${failureReason(error)}`)
}

function indent(line: string): string {
  return `  ${line}`
}
