import { command, createMessageBus, defineDomain, defineSystem } from '@posthorn/core'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { cutAt } from '../support/cut-at.ts'
import { buried, bury, clear, operatorOf } from '../support/dead-letter-desk.ts'
import { eventually } from '../support/eventually.ts'

/* A replay as the service that handles it sees it. */

const bank = defineDomain('bank', {
  commands: { Pay: command({ input: z.object({ n: z.number() }), allow: ['shop'] }) },
})
const system = defineSystem({ domains: [bank], clients: { shop: {} } })
const QUEUE = 'q.commands'
/** What follows the size of the frame in `basic.ack`. */
const ACK = Buffer.from([0x00, 0x3c, 0x00, 0x50])

let provisioned: ProvisionedSystem
beforeAll(async () => {
  provisioned = await provisionedSystem(system)
})
beforeEach(() => clear(provisioned, 'bank'))
afterAll(() => provisioned.dispose())

/** The bank with an inbox. It fails while `broken`. */
async function openBank() {
  const { namespace, urlFor } = provisioned
  const store = new InMemoryStore()
  const tries: { id: string; caller: string; attempt: number }[] = []
  const applied: string[] = []
  const state = { broken: false }
  const service = createMessageBus({
    domain: bank,
    units: inMemoryUnitsOfWork({ domain: bank, store, repositories: {} }),
    outbox: store.queue,
    handlers: {
      commands: {
        Pay: ({ id }, _unit, { caller, attempt }) => {
          tries.push({ id, caller, attempt })
          if (state.broken) throw new Error('broken')
          applied.push(id)
        },
      },
    },
  })
  const bus = new RabbitMqExternalBus({
    system,
    domain: 'bank',
    namespace,
    url: urlFor('bank'),
    attempts: 2,
    onError: () => undefined,
  })
  const shop = new RabbitMqExternalBus({ system, domain: 'shop', namespace, url: urlFor('shop') })
  shop.registerDomains('bank')
  service.listenTo(bus)
  for (const part of [service, bus, shop]) await part.start()
  return {
    tries,
    applied,
    state,
    send: (n: number) => shop.send(bank.commands.Pay({ n })),
    [Symbol.asyncDispose]: async () => {
      for (const part of [shop, bus, service]) await part.stop()
    },
  }
}

const operator = (url?: string) => operatorOf(system, provisioned, 'bank', url)
const depths = async () => (await operator().queues()).map(({ depth }) => depth)

test('a replay has its original caller, and all its attempts again; what fails them is dead again', async () => {
  await using service = await openBank()
  service.state.broken = true
  await service.send(1)
  await eventually('it is dead', async () => (await depths())[0] === 1)
  const [first] = await operator().list()
  expect(first).toMatchObject({ caller: 'shop', attempts: 2, reason: 'attempts-exhausted' })
  const id = first?.id ?? ''
  await operator().replay(QUEUE, id)
  await eventually('it has failed again', () => service.tries.length === 4)
  await eventually('it is dead again', async () => (await depths())[0] === 1)
  expect(service.tries).toEqual([1, 2, 1, 2].map((attempt) => ({ id, caller: 'shop', attempt })))
  const [again] = await operator().list()
  expect(again).toMatchObject({ id, caller: 'shop', attempts: 2, reason: 'attempts-exhausted' })

  service.state.broken = false
  await operator().replay(QUEUE, id)
  await eventually('it is applied', () => service.applied.length === 1)
  expect(await depths()).toEqual([0])
})

test('C25 C35 a replay of what has been applied is not applied again', async () => {
  await using service = await openBank()
  await service.send(1)
  await eventually('it is applied', () => service.applied.length === 1)
  const [messageId = ''] = service.applied
  await bury(provisioned, 'bank', ['{"n":1}', { ...buried({ type: 'command:bank.Pay.v1' }), messageId }])
  await operator().replay(QUEUE, messageId)
  await service.send(2)
  await eventually('a later one is applied', () => service.applied.length === 2)
  expect(service.applied.filter((id) => id === messageId)).toHaveLength(1)
  expect(await depths()).toEqual([0])
})

test('an operator who dies between the copy and the removal leaves both, and the message is applied once', async () => {
  await using service = await openBank()
  const letter = ['{"n":1}', buried({ type: 'command:bank.Pay.v1' })] as const
  const [id = '', next] = await bury(provisioned, 'bank', letter, letter)
  await using proxy = await cutAt(provisioned.adminUrl, 'client', ACK)
  await expect(operator(proxy.url).replay(QUEUE, id)).rejects.toMatchObject({
    code: 'ConnectionLost',
    outcome: 'unknown',
  })
  expect(proxy.cuts()).toBe(1)
  await eventually('the copy is applied', () => service.applied.length === 1)
  await eventually('both letters are back', async () => (await depths())[0] === 2)
  expect((await operator().list()).map((one) => one.id)).toEqual([id, next])
  await operator().replayAll({ queue: QUEUE })
  await eventually('the other is applied', () => service.applied.length === 2)
  expect(service.applied).toEqual([id, next])
  expect(await depths()).toEqual([0])
})

test('a copy whose confirm is lost leaves the letter where it was', async () => {
  await using service = await openBank()
  const [id = ''] = await bury(provisioned, 'bank', ['{"n":1}', buried({ type: 'command:bank.Pay.v1' })])
  await using proxy = await cutAt(provisioned.adminUrl, 'broker', ACK)
  await expect(operator(proxy.url).replay(QUEUE, id)).rejects.toMatchObject({ outcome: 'unknown' })
  await eventually('the copy is applied', () => service.applied.length === 1)
  expect((await operator().list()).map((one) => one.id)).toEqual([id])
  await operator().replay(QUEUE, id)
  expect(service.applied).toEqual([id])
})
