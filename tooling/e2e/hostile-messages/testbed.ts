import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { InMemoryBroker } from '@posthorn/core/in-memory'
import type { Broker, Frame, SystemPlan } from '@posthorn/core/transport'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { provisionedSystem } from '../../fixtures/rabbitmq.ts'

/** A provisioned broker, as everybody on it sees it. */
export interface Testbed {
  readonly plan: SystemPlan
  readonly namespace: string | undefined
  broker(user: string): Broker
  /** Who may read the dead queues. */
  readonly administrator: string
  /** Publishes as this user, but without a user-id. */
  publishAnonymously(user: string, vhost: string, frame: Frame): Promise<void>
  dispose(): Promise<void>
}

export async function onRabbitMq(): Promise<Testbed> {
  const { plan, namespace, urlFor, adminUrl, managementUrl, dispose } = await provisionedSystem(system)
  const administrator = new URL(adminUrl).username
  return {
    plan,
    namespace,
    administrator,
    broker: (user) => new RabbitMqBroker({ url: user === administrator ? adminUrl : urlFor(user), user }),
    publishAnonymously: (_user, vhost, frame) => publishByManagement(managementUrl, vhost, frame),
    dispose,
  }
}

export async function inMemory(): Promise<Testbed> {
  const plan = planSystem(system)
  const administrator = 'administrator'
  const all = { user: administrator, configure: '^$', write: '^$', read: '.*' }
  const vhosts = plan.vhosts.map((vhost) => ({ ...vhost, permissions: [...vhost.permissions, all] }))
  const broker = new InMemoryBroker({ plan: { ...plan, vhosts } })
  return {
    plan,
    namespace: undefined,
    administrator,
    broker: (user) => broker.connect(user),
    publishAnonymously: async (user, vhost, { properties, ...frame }) => {
      const { replyTo, userId: _, ...others } = properties
      const address = replyTo === undefined ? {} : { replyTo: `${replyTo}.nobody` }
      await broker.inject(user, vhost, { ...frame, properties: { ...others, ...address } })
    },
    dispose: async () => undefined,
  }
}

/** The management API sets no user-id. */
async function publishByManagement(
  managementUrl: string,
  vhost: string,
  { exchange, routingKey, properties, body }: Frame,
): Promise<void> {
  const { protocol, host, username, password } = new URL(managementUrl)
  const { type, messageId, contentType, appId, replyTo } = properties
  const response = await fetch(
    `${protocol}//${host}/api/exchanges/${vhost}/${encodeURIComponent(exchange || 'amq.default')}/publish`,
    {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: JSON.stringify({
        properties: {
          type,
          message_id: messageId,
          content_type: contentType,
          app_id: appId,
          // Its own channel receives no replies.
          ...(replyTo === undefined ? {} : { reply_to: `${replyTo}.nobody` }),
        },
        routing_key: routingKey,
        payload: Buffer.from(body).toString('base64'),
        payload_encoding: 'base64',
      }),
    },
  )
  const { routed } = (await response.json()) as { readonly routed?: boolean }
  if (routed !== true) throw new Error(`Not published anonymously: ${response.status}`)
}
