import type { Tables } from './staged-tables.ts'
import type { Handling } from './unit-of-work.ts'

/**
 * A process's way to an in-memory store: every request passes through it, and its answer comes back through it. By
 * default nothing stands in the way; a simulation has them take their time, fail or get lost.
 */
export interface StoreDoor {
  /** Has the store do something and gives what it came to, or why there is no answer. */
  pass<T>(request: string, work: () => Promise<T>): Promise<T>
  /** Something that ends with the connection: `lose` is then called. Gives the function by which it ends before. */
  session(lose: () => void): () => void
  /** A unit is to write messages to the outbox; it may yet be rolled back. */
  raised(messageIds: readonly string[]): void
  /**
   * A unit has committed.
   * @param written by table and key; undefined for what it has deleted
   * @param handling null for a unit that no handler has
   */
  committed(written: Tables, handling: Handling | null): void
}

/** For a store in the process itself. */
export const directDoor: StoreDoor = {
  pass: (_request, work) => work(),
  session: () => () => undefined,
  raised: () => undefined,
  committed: () => undefined,
}
