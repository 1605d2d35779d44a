import type { Socket } from 'node:net'
import type { ChannelModel } from 'amqplib'
import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'

/** Headers on which amqplib's decoder chokes, as JSON for the management API. The broker does not mind them. */
const DEEP_TABLES = nested('{"a":', '}', 4_500)
export const DEEP_LISTS = `{"a":${nested('[', ']', 6_000)}}`

function nested(open: string, close: string, depth: number): string {
  return `${open.repeat(depth)}1${close.repeat(depth)}`
}

/** Publishes a message with such headers to a vhost of the system. */
export async function publishPoison(
  { managementUrl, namespace }: ProvisionedSystem,
  domain: string,
  exchange: string,
  key: string,
  headers: string = DEEP_TABLES,
): Promise<void> {
  const { protocol, host, username, password } = new URL(managementUrl)
  const response = await fetch(
    `${protocol}//${host}/api/exchanges/${namespace}.${domain}/${exchange}/publish`,
    {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: `{"properties":{"delivery_mode":2,"headers":${headers}},"routing_key":"${key}","payload":"poison","payload_encoding":"string"}`,
    },
  )
  const answer = (await response.json()) as { readonly routed?: boolean }
  if (answer.routed !== true) throw new Error(`The poison was not routed: ${JSON.stringify(answer)}`)
}

/**
 * Publishes a message with a header of the type `L`, an unsigned number of 64 bits: RabbitMQ knows it, amqplib does not.
 * RabbitMQ 4 turns it into a type that amqplib knows, as quorum queues do in all releases.
 */
export async function publishUnknownType(
  client: ChannelModel,
  exchange: string,
  key: string,
  body: string,
): Promise<void> {
  const { stream } = client.connection as unknown as { readonly stream: Socket }
  const { write } = stream
  stream.write = ((bytes: Buffer) => {
    const at = bytes.indexOf('\x04bigul')
    if (at >= 0) bytes.write('L', at + '\x04bigu'.length)
    return write.call(stream, bytes)
  }) as typeof write
  const channel = await client.createConfirmChannel()
  channel.publish(exchange, key, Buffer.from(body), { headers: { bigu: 2 ** 40 } })
  await channel.waitForConfirms()
  await channel.close()
  stream.write = write
}
