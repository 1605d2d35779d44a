import type { Fault } from '../fault.ts'
import type { Random } from '../random.ts'
import type { TcpProxy, Weather } from '../tcp-proxy.ts'
import type { World } from '../world.ts'

/** One instance's way to its broker or its database. */
function anyLink({ fleet, victims }: World, random: Random): TcpProxy {
  return random.pick(fleet.of(random.pick(victims))).links[random.pick(['broker', 'postgres'] as const)]
}

/** Weather over one link, for a while. */
function weather(name: string, lasts: Fault['lasts'], make: (random: Random) => Weather): Fault {
  return {
    name,
    lane: 'network',
    lasts,
    inject: async (world, random) => {
      const link = anyLink(world, random)
      link.set(make(random))
      return async () => link.set({ kind: 'fair' })
    },
  }
}

/** What is done once to the connections of one link. */
function blow(name: string, strike: (link: TcpProxy) => void): Fault {
  return {
    name,
    lane: 'network',
    lasts: [100, 500],
    inject: async (world, random) => {
      strike(anyLink(world, random))
      return async () => undefined
    },
  }
}

export const networkFaults: readonly Fault[] = [
  weather('link slow', [1_000, 6_000], (random) => ({ kind: 'slow', delay: random.int(20, 400) })),
  weather('link in crumbs', [1_000, 4_000], (random) => ({ kind: 'crumbs', size: random.int(1, 40) })),
  weather('link cut after some bytes', [500, 5_000], (random) => ({
    kind: 'cut',
    after: random.int(0, 4_096),
  })),
  weather('link held up', [500, 18_000], (random) => ({
    kind: 'held',
    direction: random.pick(['in', 'out', 'both'] as const),
  })),
  weather('link refused', [500, 5_000], () => ({ kind: 'refused' })),
  blow('connections reset', (link) => link.reset()),
  blow('connections half-open', (link) => link.strand()),
]
