import { externalBusContract } from '@posthorn/core/contract-tests'
import { afterAll, test } from 'vitest'
import { RabbitMqWorlds } from '../support/rabbitmq-worlds.ts'

const worlds = new RabbitMqWorlds()
afterAll(() => worlds.dispose())

externalBusContract(test, { promises: { durable: true, ordered: true }, world: worlds.world })
