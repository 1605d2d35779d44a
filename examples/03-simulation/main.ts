import { command, createMessageBus, defineDomain, defineSystem } from '@posthorn/core'
import { type InMemoryUnit, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { type Host, type Invariant, SimulationFailed, simulate, type World } from '@posthorn/core/simulation'
import { z } from 'zod'

const booking = z.object({ seat: z.string(), guest: z.string() })
const theatre = defineDomain('theatre', {
  commands: { Book: command({ input: booking, output: z.object({ booked: z.boolean() }), allow: ['web'] }) },
})
const system = defineSystem({ domains: [theatre], clients: { web: {} } })

// Made anew for each process that starts, as a bootstrap would.
function boxOffice({ store }: Host) {
  const taken = new Set<string>() // to save a look into the store
  const bus = createMessageBus({
    domain: theatre,
    units: inMemoryUnitsOfWork({
      domain: theatre,
      store,
      repositories: {},
      adapters: { bookings: (unit: InMemoryUnit) => unit.table<string>('bookings') },
    }),
    outbox: store.queue,
    handlers: {
      commands: {
        Book: ({ payload: { seat, guest } }, unit) => {
          if (taken.has(seat)) return { booked: false }
          taken.add(seat)
          unit.bookings.set(`${seat} for ${guest}`, guest)
          return { booked: true }
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

// One process of the box office, two guests who want the same seat, and whatever may go wrong.
const world: World = {
  system,
  services: { theatre: { start: boxOffice } },
  script: (random) =>
    ['Ann', 'Bob'].map((guest) => ({
      by: 'web',
      at: random.int(0, 500),
      command: () => theatre.commands.Book({ seat: 'A1', guest }),
    })),
}

const noSeatTwice: Invariant = {
  name: 'no seat is sold twice',
  make: () => ({
    atRest: ({ stores }) => {
      const sold = [...(stores.get('theatre')?.rows('bookings').keys() ?? [])]
      return sold.length > 1 ? `sold: ${sold.join(' and ')}` : undefined
    },
  }),
}

try {
  await simulate(world, { seeds: 1_000, invariants: [noSeatTwice] })
} catch (error) {
  if (!(error instanceof SimulationFailed)) throw error
  console.log(error.message)
  console.log(error.diagram)
}
