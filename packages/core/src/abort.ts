import { setMaxListeners } from 'node:events'

/** What has a signal. To make one takes longer than all else that a bus does for a message: it is made when asked for. */
export interface Signalled {
  readonly signal: AbortSignal
}

/** What tells work that it is to be given up, as an AbortSignal does, at a fraction of its cost. */
export interface Abort {
  readonly aborted: boolean
  readonly reason: unknown
  /** Calls the listener when it is aborted, but not if it is already. Gives the function that takes the listener back. */
  onAbort(listener: () => void): () => void
}

/** What an AbortController is to an AbortSignal. */
export class Aborter implements Abort, Signalled {
  readonly #listeners = new Set<() => void>()
  #controller: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined

  get aborted(): boolean {
    return this.#aborted !== undefined
  }

  get reason(): unknown {
    return this.#aborted?.reason
  }

  get signal(): AbortSignal {
    this.#controller ??= withoutLimit(new AbortController())
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { reason }
    this.#controller?.abort(reason)
    for (const listener of [...this.#listeners]) {
      // Another one may have taken it back.
      if (this.#listeners.has(listener)) listener()
    }
  }

  onAbort(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Gives an object just made the signal of another, still unmade. */
export function withSignal<T extends object>(made: T, source: Signalled): T & Signalled {
  // A symbol and a getter that all share, so that all have one hidden class.
  ;(made as { [SOURCE]?: Signalled })[SOURCE] = source
  return Object.defineProperty(made, 'signal', FROM_SOURCE) as T & Signalled
}

/** What an object's signal tells, without making the signal where it is not made yet. */
export function abortOf(of: { readonly signal?: AbortSignal | undefined }): Abort | undefined {
  // A copy has the symbol too, but perhaps another signal.
  const isUnmade = Object.getOwnPropertyDescriptor(of, 'signal')?.get === FROM_SOURCE.get
  const source = isUnmade ? (of as { readonly [SOURCE]: Signalled })[SOURCE] : undefined
  if (source === undefined) return of.signal && abortOfSignal(of.signal)
  return 'onAbort' in source ? (source as Signalled & Abort) : abortOf(source)
}

const SOURCE = Symbol('source')

const FROM_SOURCE: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: { readonly [SOURCE]: Signalled }) {
    return this[SOURCE].signal
  },
}

/** Many may share a signal; that is no leak. */
function withoutLimit(controller: AbortController): AbortController {
  setMaxListeners(0, controller.signal)
  return controller
}

function abortOfSignal(signal: AbortSignal): Abort {
  return {
    get aborted() {
      return signal.aborted
    },
    get reason() {
      return signal.reason
    },
    onAbort: (listener) => {
      setMaxListeners(0, signal)
      signal.addEventListener('abort', listener)
      return () => signal.removeEventListener('abort', listener)
    },
  }
}
