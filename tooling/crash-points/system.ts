import { command, defineDomain, defineSystem, event, failure } from '@posthorn/core'

/*
 * The smallest system that takes every step: the desk takes orders, as commands and as calls, and tells what it has
 * placed; the books write it down. The till is the client that never dies; the kiosk is one that does.
 */

/** What is special about an order, and so which steps it takes. */
export type Flavour =
  | 'plain'
  /** One savepoint is kept, one is undone. */
  | 'savepoint'
  /** A local handler has a transaction of its own. */
  | 'follow'
  /** The same, and it fails at first. */
  | 'stubborn'
  /** A local handler has no transaction. */
  | 'tell'
  /** The subscriber fails at first. */
  | 'shaky'
  /** Refused by the contract. */
  | 'doomed'

interface Order {
  readonly key: string
  readonly flavour: Flavour
}

/** `order`: the id of the command that it came from. */
interface Placed extends Order {
  readonly order: string
  readonly n: number
}

type Of = Pick<Placed, 'order' | 'flavour'>

const order = objectWith<Order>('key', 'flavour')
const ofOrder = objectWith<Of>('order', 'flavour')

export const desk = defineDomain('desk', {
  commands: {
    Place: command({
      input: order,
      errors: { Doomed: failure(objectWith<Pick<Order, 'key'>>('key'), ({ key }) => `${key} is doomed`) },
      allow: ['till'],
    }),
    Ask: command({ input: order, output: objectWith<{ readonly n: number }>('n'), allow: ['till', 'kiosk'] }),
  },
  events: {
    Placed: event(objectWith<Placed>('order', 'key', 'flavour', 'n'), { key: ({ key }) => key }),
    Noted: event(ofOrder, { private: true }),
    Told: event(ofOrder, { private: true }),
    Heard: event(ofOrder, { private: true }),
  },
})

export const books = defineDomain('books', {})

export const system = defineSystem({
  domains: [desk, books],
  clients: { till: {}, kiosk: {} },
  subscriptions: { books: [desk.events.Placed] },
})

/** Just enough of a schema: a schema library would take longer to load than a worker lives. */
function objectWith<T extends object>(...fields: readonly (keyof T & string)[]) {
  return {
    '~standard': {
      version: 1,
      vendor: 'posthorn-crash-points',
      types: undefined as { readonly input: T; readonly output: T } | undefined,
      validate: (value: unknown) => {
        const missing = fields.filter((field) => !Object.hasOwn(Object(value), field))
        if (missing.length > 0)
          return { issues: missing.map((field) => ({ message: `${field} is missing` })) }
        return { value: value as T }
      },
    },
  } as const
}
