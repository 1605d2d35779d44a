import { command, createMessageBus, defineDomain, defineSystem } from '@posthorn/core'
import { type InMemoryUnit, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import type { Host, Invariant, Request, World } from '@posthorn/core/simulation'
import { z } from 'zod'

const input = z.object({ seat: z.string(), guest: z.string() })

const theatre = defineDomain('theatre', {
  commands: { Book: command({ input, output: z.object({ booked: z.boolean() }), allow: ['web'] }) },
})

/** Called in the handler's own step. */
type WhileBooking = (guest: string, host: Host) => unknown

/** Two guests who want the same seat. */
export function theatreWorld(whileBooking: WhileBooking = () => undefined): World {
  return {
    system: defineSystem({ domains: [theatre], clients: { web: {} } }),
    services: { theatre: { instances: 2, start: (host) => boxOffice(host, whileBooking) } },
    script: ({ int }) => ['Ann', 'Bob'].map((guest): Request => book(guest, int(0, 500))),
  }
}

export function book(guest: string, at: number): Request {
  return { by: 'web', at, command: () => theatre.commands.Book({ seat: 'A1', guest }) }
}

function boxOffice(host: Host, whileBooking: WhileBooking) {
  const { store } = host
  const seats = (unit: InMemoryUnit) => unit.table<string>('seats')
  const units = inMemoryUnitsOfWork({ domain: theatre, store, repositories: {}, adapters: { seats } })
  const bus = createMessageBus({
    domain: theatre,
    units,
    outbox: store.queue,
    handlers: {
      commands: {
        Book: async ({ payload: { seat, guest } }, unit) => {
          await whileBooking(guest, host)
          const isFree = unit.seats.get(seat) === undefined
          if (isFree) unit.seats.set(seat, guest)
          return { booked: isFree }
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

export const nobodyBooks: Invariant = {
  name: 'nobody books',
  make: () => ({
    onCommit: (_commit, { stores }) => {
      const guest = stores.get('theatre')?.rows<string>('seats').get('A1')
      return guest === undefined ? undefined : `${guest} has booked`
    },
  }),
}
