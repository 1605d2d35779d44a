import { command, event } from '../../messages/declare.ts'
import { defineDomain } from '../../messages/define-domain.ts'
import type { Event } from '../../messages/message.ts'
import type { StandardSchemaV1 } from '../../messages/standard-schema.ts'
import type { Aggregate, AggregateMapping, Row } from '../../unit-of-work/repository.ts'

/** What the suites of the stores work with: a small domain whose aggregate has every kind of column, and children. */

interface BasketRef {
  readonly basketId: string
}

/** The domain on which the suites of the stores play. */
export const market = defineDomain('market', {
  commands: { Tidy: command({ input: anything<BasketRef>(), allow: ['market'] }) },
  events: {
    ItemAdded: event(anything<BasketRef & { readonly sku: string }>(), { key: ({ basketId }) => basketId }),
    Looked: event(anything<BasketRef>()),
    Audited: event(anything<BasketRef>(), { private: true }),
  },
})

export const bank = defineDomain('bank', {
  commands: {
    Charge: command({
      input: anything<BasketRef>(),
      allow: ['market'],
      key: ({ basketId }) => basketId,
    }),
  },
  events: { Charged: event(anything<BasketRef>()) },
})

interface Item {
  readonly sku: string
  readonly qty: number
}

interface BasketState {
  readonly id: string
  readonly owner: string | null
  readonly open: boolean
  readonly openedAt: Date | null
  readonly items: readonly Item[]
}

/** The aggregate on which the suites of the stores play: a root with children. */
export class Basket implements Aggregate {
  readonly id: string
  readonly events: Event[] = []
  /** As loaded; 0 when new. */
  readonly version: number
  owner: string | null
  open: boolean
  openedAt: Date | null
  readonly #items: Map<string, number>

  constructor({ id, owner, open, openedAt, items }: BasketState, version = 0) {
    this.id = id
    this.version = version
    this.owner = owner
    this.open = open
    this.openedAt = openedAt
    this.#items = new Map(items.map(({ sku, qty }) => [sku, qty]))
  }

  static new(id: string): Basket {
    return new Basket({ id, owner: null, open: true, openedAt: null, items: [] })
  }

  get items(): readonly Item[] {
    return [...this.#items].map(([sku, qty]) => ({ sku, qty })).sort((a, b) => (a.sku < b.sku ? -1 : 1))
  }

  put(sku: string, qty: number): void {
    this.#items.set(sku, qty)
    this.events.push(market.events.ItemAdded({ basketId: this.id, sku }))
  }

  drop(sku: string): void {
    this.#items.delete(sku)
  }
}

/** A {@link Basket} as rows of `baskets` and `items`. */
export const basketMapping: AggregateMapping<Basket> = {
  childKeys: { items: ['basketId', 'sku'] },
  toRows: ({ id, owner, open, openedAt, items }) => ({
    root: { id, owner, open, openedAt },
    children: { items: items.map((item) => ({ basketId: id, ...item })) },
  }),
  fromRows: ({ root, children }, version) =>
    new Basket(
      {
        id: String(root.id),
        owner: root.owner as string | null,
        open: Boolean(root.open),
        openedAt: root.openedAt as Date | null,
        items: (children.items as readonly (Row & Item)[]).map(({ sku, qty }) => ({ sku, qty })),
      },
      version,
    ),
}

/** A schema that takes any value as it is. */
function anything<T>(): StandardSchemaV1<T, T> {
  return {
    '~standard': { version: 1, vendor: 'posthorn', validate: (value) => ({ value: value as T }) },
  }
}
