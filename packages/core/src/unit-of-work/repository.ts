import type { Event } from '../messages/message.ts'

/**
 * A consistency boundary with an identity. What it raises it appends to `events`; the unit of work takes them from
 * there. Nothing else of Posthorn enters the domain model. Any kind of string may be its id; with one of its own, such
 * as `Id<'Product'>`, repositories of other aggregates refuse it.
 */
export interface Aggregate<I extends string = string> {
  readonly id: I
  readonly events: Event[]
}

/** How an aggregate is to be read. */
export interface GetOptions {
  /** `update`: nobody else reads it for update or changes it until this unit ends. */
  readonly lock?: 'update'
}

/**
 * The aggregates of one kind, as one unit of work sees them.
 *
 * - `get` gives the same object for the same id within a unit, also one that was only added; it is tracked: what has
 *   changed is written at commit, without a save.
 * - Each commit that changed the aggregate or its children adds exactly 1 to its stored version.
 * - When another unit changed it in between, the commit fails with `ConcurrencyConflict` and nothing is written.
 * - Nothing is written before the commit, and an aggregate is read whole, as one commit left it, unless only a part of it
 *   is asked for. Then the version and the lock of its root guard all of it just as well, and a commit does not touch what
 *   was not read.
 */
export interface Repository<A extends Aggregate> {
  get(id: A['id'], options?: GetOptions): Promise<A | undefined>
  /**
   * @throws {PosthornError} `AggregateExists` when the id is taken: at once if this unit knows, otherwise at commit. If
   * the unit had looked for it in vain, the commit fails with `ConcurrencyConflict`: another unit was quicker.
   */
  add(aggregate: A): void
  /** @throws {PosthornError} `NotTracked` when the aggregate did not come from this repository */
  remove(aggregate: A): void
}

/**
 * A repository that also reads aggregates in part, for those that have many children, of which one use needs few. `P`
 * names the part; how, is up to the store.
 */
export interface PartialRepository<A extends Aggregate, P> extends Repository<A> {
  /**
   * As `get`, but only with the children that belong to the part; or the whole, when this unit has that already. The
   * object knows nothing of the others: do not give it to anybody who may ask for them.
   *
   * @throws {PosthornError} `PartlyLoaded` when the unit has read a part of it before; whoever asks for the aggregate
   * after this, or removes it, meets with the same
   */
  getPart(id: A['id'], part: P, options?: GetOptions): Promise<A | undefined>
}

/** One stored row: column values that compare with `Object.is`, or Dates. */
export type Row = Readonly<Record<string, string | number | boolean | null | Date>>

/** An aggregate as rows: its root, and its children by table, in no order that one could rely on. */
export interface AggregateRows<Root extends Row = Row, Children extends string = string> {
  readonly root: Root
  readonly children: Readonly<Record<Children, readonly Row[]>>
}

/**
 * Between an aggregate and its rows, both ways; pure. The root's version column is the repository's affair: `fromRows`
 * is told the version, and `toRows` leaves it out.
 */
export interface AggregateMapping<A extends Aggregate> {
  toRows(aggregate: A): AggregateRows
  fromRows(rows: AggregateRows, version: number): A
  /** For each child table, the column or columns that tell its rows apart, all over the table. */
  readonly childKeys: Readonly<Record<string, readonly string[]>>
}
