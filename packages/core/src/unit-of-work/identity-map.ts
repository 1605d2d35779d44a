import { PosthornError } from '../errors.ts'
import type { Event } from '../messages/message.ts'
import type { Aggregate, AggregateMapping, AggregateRows, Row } from './repository.ts'
import { changedColumns, type RowChanges, rowChanges, UNCHANGED } from './row-changes.ts'
import { aggregateExists, partlyLoaded } from './unit-errors.ts'

/** What a commit must write for one aggregate. Any change of its own or of its children adds 1 to its version. */
export interface AggregateChange {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly id: string
  /** The version it was loaded with; 0 for an insert. */
  readonly version: number
  /** An insert of what this unit had looked for in vain: if it exists now, another unit was quicker. */
  readonly sought: boolean
  /** Insert: all columns; update: those that changed, perhaps none; delete: none. */
  readonly root: Row
  readonly children: readonly RowChanges[]
  /** All that is loaded of the aggregate, as it now is: of an insert all there is. */
  readonly rows: AggregateRows
}

/** What was read of an aggregate: all, or some of its children. */
export type Extent = 'whole' | 'part'

interface Identity<A extends Aggregate> {
  aggregate: A
  /** As stored; undefined when this unit added it. */
  readonly loaded: AggregateRows | undefined
  readonly extent: Extent
  readonly version: number
  locked: boolean
  removed: boolean
}

const NO_ROWS: AggregateRows = { root: {}, children: {} }

/**
 * The aggregates that one unit of work has seen of one kind, and how they looked when they were loaded: by comparing
 * the two it knows what a commit must write, without help from the domain model. Pure; stores do the reading and
 * writing around it.
 */
export class IdentityMap<A extends Aggregate = Aggregate> {
  readonly name: string
  readonly #mapping: AggregateMapping<A>
  readonly #identities = new Map<string, Identity<A>>()
  readonly #sought = new Set<string>()
  readonly #eventsOfReplaced: Event[] = []

  /** @param name of the repository, for errors and for the order of writing */
  constructor(name: string, mapping: AggregateMapping<A>) {
    this.name = name
    this.#mapping = mapping
  }

  /** For each child table, the columns that tell its rows apart. */
  get childKeys(): AggregateMapping<A>['childKeys'] {
    return this.#mapping.childKeys
  }

  /**
   * Undefined when the id is not tracked yet; its aggregate is undefined when this unit removed it.
   * @throws {PosthornError} `PartlyLoaded` when only a part of it was read: what is asked for now may not be there
   */
  find(
    id: string,
  ): { readonly aggregate: A | undefined; readonly version: number; readonly locked: boolean } | undefined {
    const identity = this.#identities.get(id)
    if (identity === undefined) return undefined
    if (identity.extent === 'part') throw partlyLoaded(this.name, id)
    const { aggregate, version, loaded, locked, removed } = identity
    return {
      aggregate: removed ? undefined : aggregate,
      version,
      locked: locked || loaded === undefined,
    }
  }

  /**
   * Tracks what was read. Gives the object tracked already when there is one.
   * @throws {PosthornError} `PartlyLoaded` when only a part of that was read
   */
  load(
    id: string,
    loaded: AggregateRows,
    version: number,
    locked = false,
    extent: Extent = 'whole',
  ): A | undefined {
    const known = this.#identities.get(id)
    if (known !== undefined) {
      if (known.extent === 'part') throw partlyLoaded(this.name, id)
      known.locked ||= locked
      return known.removed ? undefined : known.aggregate
    }
    const aggregate = this.#mapping.fromRows(loaded, version)
    this.#identities.set(id, { aggregate, loaded, extent, version, locked, removed: false })
    return aggregate
  }

  /** Notes that nothing is stored under an id. Gives what the unit has added meanwhile. */
  missed(id: string): A | undefined {
    this.#sought.add(id)
    return this.find(id)?.aggregate
  }

  /** @throws {PosthornError} `AggregateExists` when the unit tracks another object with this id */
  add(aggregate: A): void {
    const known = this.#identities.get(aggregate.id)
    if (known === undefined) {
      this.#identities.set(aggregate.id, {
        aggregate,
        loaded: undefined,
        extent: 'whole',
        version: 0,
        locked: false,
        removed: false,
      })
      return
    }
    if (known.aggregate !== aggregate && !known.removed) throw aggregateExists(this.name, aggregate.id)
    if (known.aggregate !== aggregate) this.#eventsOfReplaced.push(...known.aggregate.events.splice(0))
    known.aggregate = aggregate
    known.removed = false
  }

  /** @throws {PosthornError} `NotTracked` when the aggregate came from elsewhere; `PartlyLoaded` */
  remove(aggregate: A): void {
    const known = this.#identities.get(aggregate.id)
    if (known?.aggregate !== aggregate) {
      throw new PosthornError(
        'NotTracked',
        `${this.name} ${aggregate.id} did not come from this unit of work; get it here before removing it`,
      )
    }
    if (known.extent === 'part') throw partlyLoaded(this.name, aggregate.id)
    known.removed = true
  }

  /** Takes what the aggregates have raised. */
  takeEvents(): Event[] {
    const raised = this.#eventsOfReplaced.splice(0)
    for (const { aggregate } of this.#identities.values()) {
      if (aggregate.events.length > 0) raised.push(...aggregate.events.splice(0))
    }
    return raised
  }

  changes(): AggregateChange[] {
    const changes: AggregateChange[] = []
    for (const identity of this.#identities.values()) {
      const change = this.#change(identity)
      if (change !== undefined) changes.push(change)
    }
    return changes
  }

  #change({ aggregate, loaded, version, removed }: Identity<A>): AggregateChange | undefined {
    const { id } = aggregate
    const sought = this.#sought.has(id)
    if (removed) {
      if (loaded === undefined) return undefined
      const children = this.#children(loaded, NO_ROWS)
      return { kind: 'delete', id, version, sought, root: {}, children, rows: NO_ROWS }
    }
    const rows = this.#mapping.toRows(aggregate)
    const children = this.#children(loaded ?? NO_ROWS, rows)
    if (loaded === undefined) return { kind: 'insert', id, version, sought, root: rows.root, children, rows }
    const root = changedColumns(loaded.root, rows.root)
    if (root === UNCHANGED && children.length === 0) return undefined
    return { kind: 'update', id, version, sought, root, children, rows }
  }

  #children(loaded: AggregateRows, current: AggregateRows): readonly RowChanges[] {
    const { childKeys } = this.#mapping
    const children: RowChanges[] = []
    for (const table of Object.keys(childKeys)) {
      const keys = childKeys[table] ?? []
      const changes = rowChanges(table, keys, loaded.children[table] ?? [], current.children[table] ?? [])
      if (changes !== undefined) children.push(changes)
    }
    return children
  }
}
