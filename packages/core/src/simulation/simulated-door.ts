import { PosthornError } from '../errors.ts'
import type { Tables } from '../unit-of-work/staged-tables.ts'
import type { StoreDoor } from '../unit-of-work/store-door.ts'
import { serializationConflict, storeConnectionLost } from '../unit-of-work/unit-errors.ts'
import type { Handling } from '../unit-of-work/unit-of-work.ts'
import type { Actor } from './actor.ts'
import type { Happened } from './happened.ts'
import type { Scheduler } from './scheduler.ts'

/** What may befall a commit: it meets a conflict; its answer is lost, and so is the transaction or not. */
export type CommitFault = 'conflict' | 'lost' | 'unanswered'

/** Who is told what units do. */
export type StoreWatcher = Pick<StoreDoor, 'raised' | 'committed'>

const WORDS = {
  conflict: 'told of a conflict',
  lost: 'lost',
  unanswered: 'not answered',
} as const satisfies Record<CommitFault, string>

interface Connection {
  isLost: boolean
}

/** A process's way to its store: requests and answers take their time, and connections can be lost. */
export class SimulatedDoor implements StoreDoor {
  /** What befalls the next commit. */
  nextCommit: { readonly fault: CommitFault; readonly happened: Happened } | null = null
  readonly #scheduler: Scheduler
  readonly #process: Actor
  readonly #store: Actor
  readonly #watcher: StoreWatcher
  readonly #sessions = new Set<() => void>()
  #connection: Connection = { isLost: false }
  #asking = 0

  constructor(scheduler: Scheduler, process: Actor, store: Actor, watcher: StoreWatcher) {
    this.#scheduler = scheduler
    this.#process = process
    this.#store = store
    this.#watcher = watcher
  }

  pass<T>(request: string, work: () => Promise<T>): Promise<T> {
    const connection = this.#connection
    this.#asking += 1
    const passed =
      request === 'commit' ? this.#commit(connection, work) : this.#ask(connection, request, work)
    return passed.finally(() => {
      this.#asking -= 1
    })
  }

  #ask<T>(connection: Connection, request: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#send(connection, this.#store, this.#process, request, reject, () => {
        const asked = this.#scheduler.steps
        const isDirect = !this.#scheduler.detour()
        // What had to wait for a lock is answered later, in a step of its own.
        const answer = (settle: () => void) => {
          if (isDirect && this.#scheduler.steps === asked) settle()
          else this.#send(connection, this.#store, this.#process, `${request}: done`, reject, settle)
        }
        work().then(
          (value) => answer(() => resolve(value)),
          (error) => answer(() => reject(error)),
        )
      })
    })
  }

  session(lose: () => void): () => void {
    this.#sessions.add(lose)
    return () => this.#sessions.delete(lose)
  }

  /** What is open on its connections, and what it waits for. */
  get open(): number {
    return this.#sessions.size + this.#asking
  }

  raised(messageIds: readonly string[]): void {
    this.#watcher.raised(messageIds)
  }

  committed(written: Tables, handling: Handling | null): void {
    this.#watcher.committed(written, handling)
  }

  /** Breaks all connections: what was open on them is rolled back. New ones can be had at once. */
  cut(): void {
    this.#connection.isLost = true
    this.#connection = { isLost: false }
    for (const lose of [...this.#sessions]) lose()
    this.#sessions.clear()
  }

  /** Two steps: it is done, and he hears of it. */
  #commit<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const unknown = () => reject(commitOutcomeUnknown())
      const answer = (what: string, settle: () => void) =>
        this.#send(connection, this.#store, this.#process, what, unknown, settle)
      const { fault, happened } = this.nextCommit ?? {}
      this.nextCommit = null
      const tell = () => happened?.(`the commit of ${this.#process.name} is ${WORDS[fault ?? 'lost']}`)
      this.#scheduler.send(this.#process, this.#store, 'commit', () => {
        if (connection.isLost) {
          answer('the connection is lost during the commit', unknown)
        } else if (fault === 'lost') {
          tell()
          answer('the connection is lost during the commit', unknown)
        } else if (fault === 'conflict') {
          tell()
          answer('conflict', () => reject(serializationConflict('The simulation wants it so')))
        } else {
          work().then(
            (value) => {
              if (fault === undefined) {
                answer('committed', () => resolve(value))
              } else {
                tell()
                answer('the connection is lost during the commit', unknown)
              }
            },
            (error) => answer(`not committed: ${codeOf(error)}`, () => reject(error)),
          )
        }
      })
    })
  }

  #send(
    connection: Connection,
    from: Actor,
    to: Actor,
    what: string,
    onLost: (error: unknown) => void,
    run: () => void,
  ): void {
    this.#scheduler.send(from, to, what, () => {
      if (connection.isLost) onLost(storeConnectionLost())
      else run()
    })
  }
}

function commitOutcomeUnknown(): PosthornError<'CommitOutcomeUnknown'> {
  return new PosthornError(
    'CommitOutcomeUnknown',
    'The connection to the store was lost during the commit: it may have succeeded. Ask again with the same message',
    { outcome: 'unknown' },
  )
}

function codeOf(error: unknown): string {
  return error instanceof PosthornError ? error.code : String(error)
}
