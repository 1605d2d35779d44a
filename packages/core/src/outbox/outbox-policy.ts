/** For how long a local entry is left to the process that wrote it, in ms; then any relay may take it. */
export const LOCAL_GRACE = 2_000

/** An entry that has failed so often is dead. */
export const MAX_ATTEMPTS = 20

/**
 * How long a failed entry rests, in ms: it doubles from 200 ms up to a minute, with half of it left to chance.
 *
 * @param attempts failures so far, from 1
 * @param random from 0 up to 1
 */
export function outboxBackOff(attempts: number, random: () => number = Math.random): number {
  const longest = Math.min(60_000, 200 * 2 ** (attempts - 1))
  return Math.round(longest * (0.5 + random() / 2))
}

/** Why an entry is dead, for people: the error's code or name and its message, cut to a decent length. */
export function failureReason(error: unknown): string {
  const { code, name, message } = Object(error) as { code?: unknown; name?: unknown; message?: unknown }
  const label = typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error
  return `${label}: ${typeof message === 'string' ? message : String(error)}`.slice(0, 500)
}

const SAME_AGAIN: ReadonlySet<string> = new Set(['ChainTooLong', 'ForeignMessage', 'ValidationFailed'])

/**
 * Whether handling a local entry that failed so is worth another try. What its contents or the handler's code alone
 * decide would fail twenty times. Everything else may depend on the state of things, declared errors too; and what this
 * instance does not know (`NoHandler`, `UnknownVersion`), a newer one may, while the two are running side by side, just as
 * one of another domain that refused what the handler asked of it.
 */
export function mayYetSucceed(error: unknown): boolean {
  const { code, outcome } = Object(error) as { readonly code?: string; readonly outcome?: string }
  return !SAME_AGAIN.has(code ?? '') || outcome === 'refused'
}

/** Whether what failed may be going on all the same, so that nobody else should be given it before its lease is over. */
export function mayStillRun(error: unknown): boolean {
  return Object(error).code === 'HandlerTimeout'
}
