import { PosthornError } from '@posthorn/core'

/** What the failure of a call says about its effect; null when it says what nobody here should hear. */
export function outcomeOf(error: unknown): 'not done' | 'unknown' | null {
  if (!(error instanceof PosthornError)) return null
  if (error.outcome === 'unknown') return 'unknown'
  return error.outcome === 'not-executed' || error.outcome === 'failed' ? 'not done' : null
}
