import { externalBusContract } from '@posthorn/core/contract-tests'
import { test } from 'vitest'
import { rabbitMqWorld } from '../support/rabbitmq-world.ts'

externalBusContract(test, { promises: { durable: true, ordered: true }, world: rabbitMqWorld })
