import { type ChannelModel, connect, type GetMessage } from 'amqplib'
import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { eventually } from './eventually.ts'

/** amqplib as it is, in the vhost of a domain: as this user, or else as the broker's administrator. */
export async function connectBare(
  { namespace, urlFor, adminUrl }: ProvisionedSystem,
  domain: string,
  user?: string,
): Promise<ChannelModel> {
  const url = new URL(user === undefined ? adminUrl : urlFor(user))
  url.pathname = `${namespace}.${domain}`
  const connection = await connect(url.href, { noDelay: true })
  // What the broker closes is seen by whoever uses it.
  connection.on('error', () => undefined)
  return connection
}

/** The code with which the broker closes the channel over what is done on it; null when it does not. */
export async function refusalOf(
  connection: ChannelModel,
  work: (channel: Awaited<ReturnType<ChannelModel['createConfirmChannel']>>) => Promise<unknown>,
): Promise<number | null> {
  const channel = await connection.createConfirmChannel()
  const closed = new Promise<number>((resolve) =>
    channel.on('error', (error: Error & { readonly code?: number }) => resolve(error.code ?? 0)),
  )
  const done = work(channel).then(() => null)
  const code = await Promise.race([closed, done.catch(() => closed)])
  if (code === null) await channel.close()
  return code
}

/** Takes the next message out of a queue, once there is one. */
export async function nextOf(connection: ChannelModel, queue: string): Promise<GetMessage> {
  const channel = await connection.createChannel()
  let found: GetMessage | false = false
  await eventually(`a message comes to ${queue}`, async () => {
    found = await channel.get(queue, { noAck: true })
    return found !== false
  })
  await channel.close()
  return found as unknown as GetMessage
}
