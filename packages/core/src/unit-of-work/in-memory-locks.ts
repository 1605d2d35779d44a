import type { Abort } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { serializationConflict } from './unit-errors.ts'

interface Waiter {
  readonly owner: object
  readonly grant: () => void
}

interface Lock {
  owner: object
  waiting: Waiter[]
}

/** Exclusive locks by name, held by a transaction until it ends; whoever waits gets them in the order of asking. */
export class InMemoryLocks {
  readonly #clock: Clock
  readonly #locks = new Map<string, Lock>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param timeout in ms
   * @throws {PosthornError} `SerializationConflict` when the lock was not to be had in time
   */
  async acquire(name: string, owner: object, timeout: number, abort?: Abort): Promise<void> {
    const lock = this.#locks.get(name)
    if (lock === undefined) {
      this.#locks.set(name, { owner, waiting: [] })
      return
    }
    if (lock.owner === owner) return
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        cancelTimer()
        forget?.()
      }
      const giveUp = (error: unknown) => {
        end()
        lock.waiting.splice(lock.waiting.indexOf(waiter), 1)
        reject(error)
      }
      const waiter: Waiter = {
        owner,
        grant: () => {
          end()
          resolve()
        },
      }
      const cancelTimer = this.#clock.after(timeout, () =>
        giveUp(serializationConflict(`Waited ${timeout} ms for the lock on ${name}`)),
      )
      const forget = abort?.onAbort(() => giveUp(abort.reason))
      lock.waiting.push(waiter)
    })
  }

  isHeld(name: string): boolean {
    return this.#locks.has(name)
  }

  releaseAll(owner: object): void {
    for (const [name, lock] of this.#locks) {
      if (lock.owner !== owner) continue
      const next = lock.waiting[0]?.owner
      if (next === undefined) {
        this.#locks.delete(name)
        continue
      }
      lock.owner = next
      // One that asks twice at once must not wait for itself.
      const granted = lock.waiting.filter((waiter) => waiter.owner === next)
      lock.waiting = lock.waiting.filter((waiter) => waiter.owner !== next)
      for (const { grant } of granted) grant()
    }
  }
}
