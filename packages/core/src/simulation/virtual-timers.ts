import type { Surroundings } from './surroundings.ts'

/** What `setTimeout` and its kin give. */
export class VirtualTimer {
  readonly #cancel: () => void

  constructor(cancel: () => void) {
    this.#cancel = cancel
  }

  close(): void {
    this.#cancel()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return false
  }
}

/** `setTimeout` and, when it repeats, `setInterval`. */
export function timer(
  surroundings: Surroundings,
  fn: unknown,
  ms: unknown,
  args: readonly unknown[],
  repeats: boolean,
): VirtualTimer {
  let cancel: () => void = () => undefined
  const wait = () => {
    cancel = surroundings.after(Math.max(1, Number(ms) || 1), () => {
      if (repeats) wait()
      ;(fn as (...args: readonly unknown[]) => void)(...args)
    })
  }
  wait()
  return new VirtualTimer(() => cancel())
}

/** `setTimeout` of `node:timers/promises`. */
export function delay(
  surroundings: Surroundings,
  ms: unknown,
  value: unknown,
  options: unknown,
): Promise<unknown> {
  const { signal } = Object(options) as { readonly signal?: AbortSignal }
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = surroundings.after(Number(ms) || 1, () => {
      signal?.removeEventListener('abort', abort)
      resolve(value)
    })
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

/** `setInterval` of `node:timers/promises`. */
export async function* every(
  surroundings: Surroundings,
  ms: unknown,
  value: unknown,
  options: unknown,
): AsyncGenerator<unknown, void> {
  for (;;) yield await delay(surroundings, ms, value, options)
}

/** `AbortSignal.timeout`. */
export function timeoutSignal(surroundings: Surroundings, ms: unknown): AbortSignal {
  const controller = new AbortController()
  surroundings.after(Number(ms), () => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  })
  return controller.signal
}
