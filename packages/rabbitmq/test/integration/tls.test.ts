import { type AddressInfo, connect } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { certificate, privateKey } from '../support/certificate.ts'
import { frame } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

const silent = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }

let system: ProvisionedSystem
/** Speaks TLS before the test broker, which may not. */
let server: Server
let url: string
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
  const target = new URL(system.adminUrl)
  server = createServer({ cert: certificate, key: privateKey }, (client) => {
    const broker = connect(Number(target.port || 5672), target.hostname)
    client.pipe(broker).pipe(client)
    for (const socket of [client, broker]) socket.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const own = new URL(system.urlFor('billing'))
  url = `amqps://billing:${own.password}@localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await system.dispose()
})

const open = (broker: RabbitMqBroker) => broker.open(`${system.namespace}.billing`, silent)

test('a broker with a certificate of the given authority is spoken to', async () => {
  const link = await open(new RabbitMqBroker({ url, user: 'billing', tls: { ca: certificate } }))
  await link.publish(frame('x.events', 'evt.Charged'), 5_000)
  await link.close(1_000)
})

test('a broker with a certificate of nobody that is trusted is not, and trying again would not help', async () => {
  await expect(open(new RabbitMqBroker({ url, user: 'billing' }))).rejects.toMatchObject({
    code: 'BrokerUnreachable',
    retryable: false,
    message: expect.stringContaining('certificate'),
  })
})

test('a broker whose certificate is for another host is not', async () => {
  const elsewhere = url.replace('localhost', '127.0.0.1')
  const broker = new RabbitMqBroker({ url: elsewhere, user: 'billing', tls: { ca: certificate } })
  await expect(open(broker)).rejects.toMatchObject({ code: 'BrokerUnreachable', retryable: false })
})
