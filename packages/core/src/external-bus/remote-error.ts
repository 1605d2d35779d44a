import { type Outcome, PosthornError } from '../errors.ts'

/**
 * A call failed at the callee in a way that its contract does not declare. No text crosses the wire: what happened
 * stands in the callee's log under `errorId`.
 */
export class RemoteError extends PosthornError<'RemoteError'> {
  readonly domain: string
  /** The code under which it failed there: `InternalError` unless it has a public one. */
  readonly remoteName: string
  /** Null when the callee named an error that this side's contract does not know. */
  readonly errorId: string | null

  constructor(
    failure: { readonly domain: string; readonly name: string; readonly errorId: string | null },
    outcome: Outcome = 'failed',
  ) {
    const { domain, name, errorId } = failure
    const where =
      errorId === null ? 'update the contract of the caller' : `see the log of ${domain} under ${errorId}`
    super('RemoteError', `${domain} failed with ${name}; ${where}`, { outcome, details: failure })
    this.name = 'RemoteError'
    this.domain = domain
    this.remoteName = name
    this.errorId = errorId
  }
}
