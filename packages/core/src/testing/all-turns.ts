import { setImmediate } from 'node:timers/promises'

/** In turns of the event loop: what waits for nothing but promises needs none, what Node's own streams do a few. */
const ENOUGH = 5

/** Until everything has gone on that waits for nothing from outside. */
export async function allTurns(): Promise<void> {
  for (let turn = 0; turn < ENOUGH; turn++) await setImmediate()
}

/** Until everything has gone on that waits for nothing but promises: Node comes to the next tick only then. */
export function allPromises(): Promise<void> {
  return Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)))
}
