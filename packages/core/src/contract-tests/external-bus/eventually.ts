import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE = 8_000
const INTERVAL = 10

/** Asks again and again until the assertions hold, and throws what the last try threw when the deadline (ms) is over. */
export async function eventually<T>(assertions: () => T | Promise<T>, deadline = DEADLINE): Promise<T> {
  const end = performance.now() + deadline
  for (;;) {
    try {
      return await assertions()
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(INTERVAL)
    }
  }
}

/** A promise and the function that settles it: for handlers that wait until the test lets them go on. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
