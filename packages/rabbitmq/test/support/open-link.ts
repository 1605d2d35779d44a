import type { BrokerLink, Frame, FrameProperties, Incoming, LinkState } from '@posthorn/core/transport'
import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'

export interface TestLink extends AsyncDisposable {
  readonly link: BrokerLink
  readonly states: { readonly state: LinkState; readonly reason: string | null }[]
  readonly replies: Frame[]
  readonly repliesLost: () => number
}

/** A link as one user to the vhost of one domain. */
export async function openLink(
  { namespace, urlFor }: Pick<ProvisionedSystem, 'namespace' | 'urlFor'>,
  user: string,
  domain: string,
): Promise<TestLink> {
  const states: TestLink['states'] = []
  const replies: Frame[] = []
  let lost = 0
  const broker = new RabbitMqBroker({ url: urlFor(user), user })
  const link = await broker.open(`${namespace}.${domain}`, {
    onState: (state, reason) => void states.push({ state, reason }),
    onReply: (reply) => void replies.push(reply),
    onRepliesLost: () => {
      lost += 1
    },
  })
  return { link, states, replies, repliesLost: () => lost, [Symbol.asyncDispose]: () => link.close(2_000) }
}

export function frame(
  exchange: string,
  routingKey: string,
  body = 'null',
  properties: FrameProperties = {},
): Frame {
  return {
    exchange,
    routingKey,
    body: Buffer.from(body),
    properties: {
      persistent: true,
      messageId: crypto.randomUUID(),
      type: 'event:billing.Charged.v1',
      ...properties,
    },
  }
}

export function textOf({ frame: { body } }: Pick<Incoming, 'frame'>): string {
  return Buffer.from(body).toString()
}
