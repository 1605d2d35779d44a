import { z } from 'zod'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { detached } from '../../../src/internal-bus/handlers.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'
import type { TestedService } from '../../../src/testing/tested-service.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'

const sacks = z.object({ sacks: z.int() })

/** A mill grinds, and asks the carter to fetch what it has ground. */
export const mill = defineDomain('mill', {
  commands: {
    Grind: command({
      input: sacks,
      output: z.object({ ground: z.int() }),
      errors: { NoWind: z.object({}) },
      allow: ['farmer'],
    }),
  },
  events: { Ground: event(sacks), Swept: event(z.object({}), { private: true }) },
})

/** A carter fetches, and the baker hears of it. */
export const carter = defineDomain('carter', {
  commands: {
    Fetch: command({ input: sacks, allow: ['mill'] }),
    Load: command({ input: sacks, output: z.object({ full: z.boolean() }), allow: ['mill', 'farmer'] }),
  },
  events: { Delivered: event(sacks) },
})

export const system = defineSystem({
  domains: [mill, carter],
  clients: { farmer: {}, baker: { subscribes: [carter.events.Delivered] } },
  subscriptions: { carter: [mill.events.Ground] },
})

/** What befalls the next calls of the handlers. */
export interface Weather {
  /** Thrown by `Grind`. */
  grind?: Error | undefined
  /** What `Grind` gives, instead of what it should. */
  ground?: number
  /** How often the mill's sweeper, who is detached, still fails. */
  sweepFailures?: number
  /** How often the carter's groom still fails. */
  groomFailures?: number
  /** What the carter's groom waits for. */
  groom?: Promise<void>
  fetch?: Error | undefined
}

export function millService(weather: Weather = {}): TestedService {
  return (host) => {
    host.externalBus.registerDomains('carter')
    const bus = createMessageBus({
      domain: mill,
      units: inMemoryUnitsOfWork({ domain: mill, store: host.store, repositories: {} }),
      outbox: host.store.queue,
      clock: host.clock,
      onError: () => undefined,
      handlers: {
        commands: {
          Grind: ({ payload }, unit) => {
            if (weather.grind !== undefined) throw weather.grind
            unit.publish(mill.events.Ground(payload))
            unit.publish(mill.events.Swept({}))
            unit.send(carter.commands.Fetch(payload))
            return { ground: weather.ground ?? payload.sacks }
          },
        },
        events: {
          Swept: {
            sweep: detached(() => {
              if (spend(weather, 'sweepFailures')) throw new Error('no broom')
            }),
          },
        },
      },
    })
    return { bus, outbox: host.store.queue }
  }
}

export function carterService(weather: Weather = {}): TestedService {
  return (host) => {
    const bus = createMessageBus({
      domain: carter,
      units: inMemoryUnitsOfWork({ domain: carter, store: host.store, repositories: {} }),
      outbox: host.store.queue,
      clock: host.clock,
      onError: () => undefined,
      subscribes: [mill.events.Ground],
      handlers: {
        commands: {
          Fetch: ({ payload }, unit) => {
            if (weather.fetch !== undefined) throw weather.fetch
            unit.publish(carter.events.Delivered(payload))
          },
          Load: ({ payload }) => ({ full: payload.sacks > 9 }),
        },
        subscriptions: {
          'mill.Ground': {
            groom: async () => {
              await weather.groom
              if (spend(weather, 'groomFailures')) throw new Error('no oats')
            },
          },
        },
      },
    })
    return { bus, outbox: host.store.queue }
  }
}

function spend(weather: Weather, what: 'sweepFailures' | 'groomFailures'): boolean {
  const left = weather[what] ?? 0
  weather[what] = left - 1
  return left > 0
}
