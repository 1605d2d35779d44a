import { planSystem } from '@posthorn/core'
import { brokerHistory, type PlayedBroker, shopSystem } from '@posthorn/core/contract-tests'
import { InMemoryBroker } from '@posthorn/core/in-memory'
import { afterAll, expect, test } from 'vitest'
import { RabbitMqWorlds } from '../support/rabbitmq-worlds.ts'

const worlds = new RabbitMqWorlds()
afterAll(() => worlds.dispose())

const seeds = process.env.POSTHORN_TEST_FULL === '1' ? 100 : 4

/** So few may wait that some are refused. */
const crowded = { limits: { calls: 3 } }

function twin(options = {}): PlayedBroker {
  const broker = new InMemoryBroker({ plan: planSystem(shopSystem, options) })
  return {
    broker: (user) => broker.connect(user),
    vhost: (domain) => domain,
    deadLetters: async (domain, queue) => broker.deadLetters(domain, queue),
    disconnect: async (user) => broker.disconnect(user),
  }
}

test.each(Array.from({ length: seeds }, (_, index) => index + 1))(
  'RabbitMQ does what its twin in memory does, seed %i',
  async (seed) => {
    const world = await worlds.world(shopSystem)
    try {
      expect(await brokerHistory(world, seed)).toEqual(await brokerHistory(twin(), seed))
    } finally {
      await world.stop()
    }
  },
  60_000,
)

test.each(Array.from({ length: seeds }, (_, index) => index + 1))(
  'RabbitMQ does with calls, of which few may wait, what its twin in memory does, seed %i',
  async (seed) => {
    const world = await worlds.world(shopSystem, crowded)
    try {
      const history = await brokerHistory(world, seed, 'calls')

      expect(history).toEqual(await brokerHistory(twin(crowded), seed, 'calls'))
    } finally {
      await world.stop()
    }
  },
  60_000,
)
