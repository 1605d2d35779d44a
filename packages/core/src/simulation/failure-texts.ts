import { HandlersFailed } from '../handlers-failed.ts'

/** What has failed, for the trace: one text for each handler. */
export function failureTexts(name: string, error: unknown): readonly string[] {
  const failures = error instanceof HandlersFailed ? error.failures : [{ handler: name, error }]
  return failures.map((failure) => `${failure.handler} failed: ${firstLine(failure.error)}`)
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
  return line
}
