import type { ExternalBus, System } from '@posthorn/core'
import type { ExternalBusHarness } from '@posthorn/core/contract-tests'
import { createExternalBus, type Frame } from '@posthorn/core/transport'
import { connect } from 'amqplib'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { frameFrom } from '../../src/message-properties.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { eventually } from './eventually.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

type Options = Parameters<ExternalBusHarness['world']>[1]

/**
 * Worlds on the test broker: each has vhosts of its own, and a proxy for each user, so that its connections can be cut.
 * Quorum queues take long to make and to delete, so that is done while other tests run.
 */
export class RabbitMqWorlds {
  readonly #disposals: Promise<void>[] = []
  readonly #ahead = new Map<System, Promise<ProvisionedSystem>>()

  readonly world: ExternalBusHarness['world'] = async (system, options = {}) => {
    const provisioned = await this.#next(system, options)
    const { namespace } = provisioned
    const proxies = new Map<string, TcpProxy>()
    for (const user of provisioned.plan.users) proxies.set(user, await tcpProxy(provisioned.adminUrl))
    const broker = (user: string) => {
      const url = proxies.get(user)?.through(provisioned.urlFor(user)) ?? `amqp://${user}:stranger@127.0.0.1`
      return new RabbitMqBroker({ url, user })
    }
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
      disconnect: async (user) => {
        const proxy = proxies.get(user)
        if (proxy !== undefined) await cutAll(proxy)
      },
      stop: async () => {
        await Promise.all(buses.map((bus) => bus.stop({ deadline: 500 })))
        for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]()
        this.#disposals.push(provisioned.dispose())
      },
    }
  }

  async dispose(): Promise<void> {
    for (const spare of this.#ahead.values()) await (await spare).dispose()
    await Promise.all(this.#disposals)
  }

  #next(system: System, options: NonNullable<Options>): Promise<ProvisionedSystem> {
    if (Object.keys(options).length > 0) return provisionedSystem(system, options)
    const next = this.#ahead.get(system) ?? provisionedSystem(system)
    const afterNext = next.then(() => provisionedSystem(system))
    // Whoever takes it hears of its failure.
    afterNext.catch(() => undefined)
    this.#ahead.set(system, afterNext)
    return next
  }
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
