import { savepointOverlap } from './unit-errors.ts'
import type { Savepoints } from './unit-of-work.ts'

export interface SavepointLevel extends Savepoints {
  /** @throws {PosthornError} `SavepointOverlap` while a savepoint of this level is open */
  assertNoneOpen(): void
}

/**
 * Savepoints that never overlap. On the one connection of a unit the second of two side by side lies inside the first:
 * it would succeed, and then be undone with the first without a word.
 *
 * @param begin takes a savepoint, runs the work in it and ends it
 */
export function savepointLevel(begin: <T>(work: () => Promise<T>) => Promise<T>): SavepointLevel {
  return levelOver(begin).level
}

function levelOver(begin: <T>(work: () => Promise<T>) => Promise<T>) {
  let open: Promise<unknown> | undefined
  let ended = false
  const assertNoneOpen = () => {
    if (open !== undefined || ended) throw savepointOverlap()
  }
  const level: SavepointLevel = {
    assertNoneOpen,
    async savepoint(work) {
      assertNoneOpen()
      const inner = levelOver(begin)
      const taken = begin(async () => {
        try {
          return await work(inner.level)
        } finally {
          await inner.end()
        }
      })
      open = taken
      try {
        return await taken
      } finally {
        open = undefined
      }
    },
  }
  /** Waits for one that the work has left open. */
  const end = async () => {
    ended = true
    await open?.catch(() => undefined)
  }
  return { level, end }
}
