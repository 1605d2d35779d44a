import { test } from 'vitest'
import { externalBusContract } from '../../src/contract-tests/external-bus/external-bus-contract.ts'
import type { ExternalBusHarness } from '../../src/contract-tests/external-bus/harness.ts'
import type { ExternalBus } from '../../src/external-bus/external-bus.ts'
import { InMemoryBroker } from '../../src/external-bus/in-memory-broker.ts'
import { inMemoryExternalBus } from '../../src/external-bus/in-memory-external-bus.ts'
import { vhostName } from '../../src/external-bus/names.ts'
import { planSystem } from '../../src/external-bus/plan-system.ts'

const full = process.env.POSTHORN_TEST_FULL === '1'

const harness: ExternalBusHarness = {
  promises: { durable: false, ordered: true },
  scale: full ? 1 : 0.05,
  world: async (system, options = {}) => {
    const namespace = 'contract'
    const plan = planSystem(system, { namespace, ...options })
    const bare = plan.vhosts.map((vhost) => ({ ...vhost, exchanges: [], queues: [], bindings: [] }))
    const broker = new InMemoryBroker({
      plan: options.selfDeclare === true ? { ...plan, vhosts: bare } : plan,
    })
    const buses: ExternalBus[] = []
    return {
      bus: (domain, busOptions) => {
        const bus = inMemoryExternalBus({ system, namespace, ...busOptions, domain, broker })
        buses.push(bus as ExternalBus)
        return bus
      },
      broker: (user) => broker.connect(user),
      vhost: (domain) => vhostName(domain, namespace),
      inject: (user, domain, frame) => broker.inject(user, vhostName(domain, namespace), frame),
      deadLetters: async (domain, queue) => broker.deadLetters(vhostName(domain, namespace), queue),
      disconnect: async (user) => broker.disconnect(user),
      stop: async () => {
        await Promise.all(buses.map((bus) => bus.stop({ deadline: 500 })))
      },
    }
  },
}

externalBusContract((name, run) => test.concurrent(name, run, full ? 120_000 : 20_000), harness)
