import type { ExternalBus, System } from '@posthorn/core'
import type { ExternalBusHarness } from '@posthorn/core/contract-tests'
import type { Frame } from '@posthorn/core/transport'
import { connect } from 'amqplib'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { frameFrom } from '../../src/message-properties.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { eventually } from './eventually.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

/**
 * Worlds on the test broker: each has vhosts of its own, and a proxy for each user, so that its connections can be cut.
 * Quorum queues take long to make, so a world that can be emptied is handed on to the next test.
 */
export class RabbitMqWorlds {
  readonly #disposals: Promise<void>[] = []
  readonly #empty = new Map<System, ProvisionedSystem[]>()

  readonly world: ExternalBusHarness['world'] = async (system, options = {}) => {
    const usual = Object.keys(options).length === 0
    const left = usual ? this.#empty.get(system)?.pop() : undefined
    const provisioned = left ?? (await provisionedSystem(system, options))
    const { namespace } = provisioned
    const proxies = new Map<string, TcpProxy>()
    for (const user of provisioned.plan.users) proxies.set(user, await tcpProxy(provisioned.adminUrl))
    const urlFor = (user: string) =>
      proxies.get(user)?.through(provisioned.urlFor(user)) ?? `amqp://${user}:stranger@127.0.0.1`
    const vhost = (domain: string) => `${namespace}.${domain}`
    const buses: Pick<ExternalBus, 'stop'>[] = []

    return {
      bus: (domain, busOptions) => {
        const bus = new RabbitMqExternalBus({ system, ...busOptions, domain, namespace, url: urlFor(domain) })
        buses.push(bus)
        return bus
      },
      broker: (user) => new RabbitMqBroker({ url: urlFor(user), user }),
      vhost,
      inject: (user, domain, frame) => publishRaw(at(provisioned.urlFor(user), vhost(domain)), frame),
      deadLetters: (domain, queue) => peek(at(provisioned.adminUrl, vhost(domain)), `${queue}.dead`),
      disconnect: async (user) => {
        const proxy = proxies.get(user)
        if (proxy !== undefined) await cutAll(proxy)
      },
      stop: async () => {
        await Promise.all(buses.map((bus) => bus.stop({ deadline: 500 })))
        for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]()
        if (usual && (await isEmptied(provisioned))) {
          this.#empty.set(system, [...(this.#empty.get(system) ?? []), provisioned])
        } else this.#disposals.push(provisioned.dispose())
      },
    }
  }

  async dispose(): Promise<void> {
    for (const provisioned of [...this.#empty.values()].flat()) this.#disposals.push(provisioned.dispose())
    await Promise.all(this.#disposals)
  }
}

/** Empties the queues of a test whose buses have stopped, unless something is still on its way. */
async function isEmptied({ adminUrl, plan }: ProvisionedSystem): Promise<boolean> {
  const vhosts = plan.vhosts.map(async ({ name, queues }) => {
    const connection = await connect(at(adminUrl, name), { noDelay: true })
    const channel = await connection.createChannel()
    const found = await Promise.all(queues.map((queue) => channel.checkQueue(queue.name)))
    const isQuiet = found.every(({ queue, messageCount, consumerCount }) => {
      return consumerCount === 0 && (messageCount === 0 || !queue.includes('.retry.'))
    })
    if (isQuiet) {
      for (const { queue, messageCount } of found) if (messageCount > 0) await channel.purgeQueue(queue)
    }
    await connection.close()
    return isQuiet
  })
  return (await Promise.all(vhosts)).every(Boolean)
}

/** Cuts a user's connections, and waits until they have noticed: each comes back. */
async function cutAll(proxy: TcpProxy): Promise<void> {
  const expected = proxy.attempts() + proxy.open()
  proxy.cut()
  await eventually('the links reconnect', () => proxy.attempts() >= expected)
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
