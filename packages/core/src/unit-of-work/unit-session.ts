import { PosthornError } from '../errors.ts'
import type { Command, Event, Message } from '../messages/message.ts'
import type { AggregateChange, IdentityMap } from './identity-map.ts'
import { type SavepointLevel, savepointLevel } from './savepoints.ts'
import type { Savepoints, UnitOfWork } from './unit-of-work.ts'

/** How the parts of a unit come to be: each is made on first use, from what its store's unit offers. */
export type Factories<R extends object, C> = { readonly [K in keyof R]: (context: C) => R[K] }

/** What all units on the same factories have in common. */
export interface UnitParts<R extends object, C> {
  readonly factories: Factories<R, C>
  /**
   * Makes units, all of one class, with a property for each part. Accessors of its own would give each unit a hidden
   * class of its own, and all code that meets units would be slow.
   */
  readonly Unit: new (
    access: UnitAccess<R, C>,
  ) => object
}

/** What a unit needs of its session. */
interface UnitAccess<R extends object, C> {
  readonly context: C
  readonly attempt: number
  readonly take: (message: Message) => void
  readonly savepoint: Savepoints['savepoint']
  readonly connect: (part: keyof R & string) => unknown
}

/** A repository, as a commit needs it. */
export interface TrackedRepository {
  readonly identities: IdentityMap
}

interface HasSignal {
  readonly signal: AbortSignal
}

/** What a store's unit gives its session. */
export interface SessionOptions<R extends object, C extends HasSignal> {
  readonly parts: UnitParts<R, C>
  /** What the factories are given. Its signal is the unit's, and asked for by who wants it. */
  readonly context: C
  readonly attempt: number
  /** Takes a savepoint, runs the work in it, and ends it. */
  readonly savepoint: <T>(work: () => Promise<T>) => Promise<T>
  /** Throws once the unit has ended. */
  readonly assertActive: () => void
}

const RESERVED: ReadonlySet<string> = new Set(
  'signal attempt send publish savepoint state commit rollback collectNewEvents'.split(' '),
)

/**
 * What the units of all stores have in common: repositories and adapters made on first use, the messages that were
 * raised and sent, and the changes that a commit must write. The transaction itself is the store's.
 */
export class UnitSession<
  R extends object,
  D extends string,
  T extends TrackedRepository,
  C extends HasSignal,
> {
  readonly unit: UnitOfWork<R, D>
  readonly #options: SessionOptions<R, C>
  readonly #repositories = new Set<T>()
  readonly #parts = new Map<string, unknown>()
  readonly #made: unknown[] = []
  readonly #messages: Message[] = []
  #savepoints: SavepointLevel | undefined

  constructor(options: SessionOptions<R, C>) {
    this.#options = options
    const { parts, context, attempt, assertActive } = options
    this.unit = new parts.Unit({
      context,
      attempt,
      take: (message) => {
        assertActive()
        this.#messages.push(message)
      },
      savepoint: (work) => {
        this.#savepoints ??= savepointLevel(options.savepoint)
        return this.#savepoints.savepoint(work)
      },
      connect: (part) => this.#connect(part),
    }) as UnitOfWork<R, D> // What its class has is every property of R.
  }

  /** Has a repository's changes written at commit, and its aggregates' events taken. */
  track(repository: T): void {
    this.#repositories.add(repository)
  }

  /** What was raised, published and sent since the last call. Ids of messages grow in the order they were made. */
  takeMessages(): readonly Message[] {
    const messages = this.#messages.splice(0)
    for (const { identities } of this.#repositories) messages.push(...identities.takeEvents())
    return messages.sort((a, b) => compare(a.id, b.id))
  }

  /**
   * By id, then by repository, so that no two commits wait for each other's rows.
   * @throws {PosthornError} `SavepointOverlap` while a savepoint is open
   */
  changes(): readonly { readonly repository: T; readonly change: AggregateChange }[] {
    this.#savepoints?.assertNoneOpen()
    const changes: { repository: T; change: AggregateChange }[] = []
    for (const repository of this.#repositories) {
      for (const change of repository.identities.changes()) changes.push({ repository, change })
    }
    return changes.sort((a, b) => compare(a.change.id, b.change.id) || compare(name(a), name(b)))
  }

  /** Disposes what was made, last first. An error of one does not keep the others; all are given, none thrown. */
  async dispose(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (const made of this.#made.splice(0).reverse()) {
      try {
        await disposer(made)?.()
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }

  #connect(part: keyof R & string): unknown {
    if (this.#parts.has(part)) return this.#parts.get(part)
    const { assertActive, parts, context } = this.#options
    assertActive()
    const made = parts.factories[part](context)
    this.#parts.set(part, made)
    this.#made.push(made)
    return made
  }
}

/** By which what a unit inherits finds what is its own. */
const ACCESS = Symbol('access')

/**
 * The parts of units from their repositories and their adapters.
 * @throws {PosthornError} `InvalidDefinition` when a name is used twice or belongs to every unit
 */
export function joinFactories<R extends object, A extends object, C>(
  repositories: Factories<R, C>,
  adapters: Factories<A, C> | undefined,
): UnitParts<R & A, C> {
  for (const key of [...Object.keys(repositories), ...Object.keys(adapters ?? {})]) {
    if (RESERVED.has(key) || (key in repositories && key in (adapters ?? {}))) {
      throw new PosthornError(
        'InvalidDefinition',
        `A unit of work cannot have two things called ${key}; rename one`,
      )
    }
  }
  const factories = { ...repositories, ...adapters } as Factories<R & A, C>
  return { factories, Unit: unitClass(Object.keys(factories)) }
}

function unitClass(parts: readonly string[]): new (access: UnitAccess<object, unknown>) => object {
  class Unit {
    readonly attempt: number
    readonly savepoint: Savepoints['savepoint']
    readonly send: (command: Command) => void
    readonly publish: (event: Event) => void
    readonly [ACCESS]: UnitAccess<object, unknown>

    constructor(access: UnitAccess<object, unknown>) {
      this.attempt = access.attempt
      this.savepoint = access.savepoint
      this.send = access.take
      this.publish = access.take
      this[ACCESS] = access
    }

    get signal(): AbortSignal {
      return (this[ACCESS].context as HasSignal).signal
    }
  }
  for (const part of parts) {
    Object.defineProperty(Unit.prototype, part, {
      enumerable: true,
      get(this: Unit) {
        return this[ACCESS].connect(part as never)
      },
    })
  }
  return Unit
}

function disposer(made: unknown): (() => unknown) | undefined {
  const { [Symbol.asyncDispose]: slow, [Symbol.dispose]: quick } = Object(made) as Partial<
    AsyncDisposable & Disposable
  >
  return (slow ?? quick)?.bind(made)
}

function name({ repository }: { readonly repository: TrackedRepository }): string {
  return repository.identities.name
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
