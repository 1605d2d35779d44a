import type { ExternalBusHarness } from '@posthorn/core/contract-tests'
import type { ExternalBus } from '@posthorn/core'
import { createExternalBus, type Frame } from '@posthorn/core/transport'
import { connect } from 'amqplib'
import { provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { frameFrom } from '../../src/message-properties.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

/** A world on the test broker: vhosts of its own, and for each user a proxy, so that its connections can be cut. */
export const rabbitMqWorld: ExternalBusHarness['world'] = async (system, options = {}) => {
  const provisioned = await provisionedSystem(system, options)
  const { namespace } = provisioned
  const users = [...system.domains.keys(), ...system.clients]
  const proxies = new Map<string, TcpProxy>()
  for (const user of users) proxies.set(user, await tcpProxy(provisioned.adminUrl))
  const proxyOf = (user: string) => {
    const proxy = proxies.get(user)
    if (proxy === undefined) throw new Error(`${user} is nobody in this world`)
    return proxy
  }
  const broker = (user: string) =>
    new RabbitMqBroker({ url: proxyOf(user).through(provisioned.urlFor(user)), user })
  const vhost = (domain: string) => `${namespace}.${domain}`
  const buses: Pick<ExternalBus, 'stop'>[] = []

  return {
    bus: (domain, busOptions) => {
      const bus = createExternalBus({ system, ...busOptions, domain, namespace, broker: broker(domain) })
      buses.push(bus)
      return bus
    },
    broker,
    vhost,
    inject: (user, domain, frame) => publishRaw(at(provisioned.urlFor(user), vhost(domain)), frame),
    deadLetters: (domain, queue) => peek(at(provisioned.adminUrl, vhost(domain)), `${queue}.dead`),
    disconnect: async (user) => proxyOf(user).cut(),
    stop: async () => {
      await Promise.all(buses.map((bus) => bus.stop({ deadline: 500 })))
      for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]()
      await provisioned.dispose()
    },
  }
}

function at(url: string, vhost: string): string {
  const result = new URL(url)
  result.pathname = vhost
  return result.href
}

/** As a client does that is none of ours. */
async function publishRaw(url: string, { exchange, routingKey, body, properties }: Frame): Promise<void> {
  const connection = await connect(url, { noDelay: true })
  try {
    const channel = await connection.createConfirmChannel()
    await new Promise<void>((resolve, reject) => {
      channel.on('error', reject)
      channel.on('return', () => reject(new Error('returned')))
      const options = { ...properties, mandatory: true }
      channel.publish(exchange, routingKey, Buffer.from(body), options, (error) =>
        error ? reject(error) : resolve(),
      )
    })
  } finally {
    await connection.close()
  }
}

/** All messages of a queue, which stay where they are. */
async function peek(url: string, queue: string): Promise<readonly Frame[]> {
  const connection = await connect(url, { noDelay: true })
  try {
    const channel = await connection.createChannel()
    const frames: Frame[] = []
    for (;;) {
      const message = await channel.get(queue)
      if (message === false) return frames
      frames.push(frameFrom(message))
    }
  } finally {
    await connection.close()
  }
}
