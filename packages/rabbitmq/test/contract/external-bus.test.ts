import { externalBusContract } from '@posthorn/core/contract-tests'
import { afterAll, test } from 'vitest'
import { RabbitMqWorlds } from '../support/rabbitmq-worlds.ts'

const worlds = new RabbitMqWorlds()
afterAll(() => worlds.dispose())

const full = process.env.POSTHORN_TEST_FULL === '1'
externalBusContract((name, run) => test.concurrent(name, run, full ? 120_000 : 20_000), {
  promises: { durable: true, ordered: true },
  scale: full ? 1 : 0.05,
  world: worlds.world,
})
