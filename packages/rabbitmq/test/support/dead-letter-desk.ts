import type { System } from '@posthorn/core'
import type { FrameProperties } from '@posthorn/core/transport'
import { connect, type GetMessage } from 'amqplib'
import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { DeadLetters } from '../../src/dead-letters/dead-letters.ts'
import { frameFrom } from '../../src/message-properties.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { testPasswords } from '../../src/testing/test-passwords.ts'
import { eventually } from './eventually.ts'
import { frame, openLink } from './open-link.ts'

/** An operator's view of a provisioned system. */
export function operatorOf(
  system: System,
  provisioned: ProvisionedSystem,
  domain: string,
  url: string = provisioned.adminUrl,
): DeadLetters {
  const { namespace, managementUrl, plan } = provisioned
  return new DeadLetters({
    url,
    system,
    namespace,
    domain,
    passwords: testPasswords(managementUrl, plan.users),
  })
}

/** The properties of a copy that a queue's reader has buried, of a message from `shop`. */
export function buried(
  properties: FrameProperties = {},
  headers: Readonly<Record<string, string | number>> = {},
): FrameProperties {
  return {
    type: 'command:billing.Charge.v1',
    contentType: 'application/json',
    ...properties,
    headers: {
      'x-posthorn-time': new Date().toISOString(),
      'x-posthorn-orig-user': 'shop',
      'x-posthorn-attempt': 8,
      'x-posthorn-failed-at': new Date().toISOString(),
      'x-posthorn-handler': 'charge',
      'x-posthorn-reason': 'attempts-exhausted',
      ...headers,
    },
  }
}

/** Dead letters in the order of their bodies, as the reader of `q.commands` buries them. */
export async function bury(
  provisioned: ProvisionedSystem,
  domain: string,
  ...letters: readonly (readonly [body: string, properties?: FrameProperties])[]
): Promise<readonly string[]> {
  await using reader = await openLink(provisioned, domain, domain)
  const ids: string[] = []
  for (const [body, properties = buried()] of letters) {
    const letter = frame('x.dlx', 'q.commands.dead', body, properties)
    await reader.link.publish(letter, 5_000)
    ids.push(String(letter.properties.messageId))
  }
  return ids
}

/** Empties the work queue and the dead queue of a domain's commands. */
export async function clear({ managementUrl, namespace }: ProvisionedSystem, domain: string): Promise<void> {
  const api = new ManagementApi(managementUrl)
  for (const queue of ['q.commands', 'q.commands.dead']) {
    await api.delete('queues', `${namespace}.${domain}`, queue, 'contents')
  }
}

/** Takes the first `count` messages out of `q.commands`, once they are there. */
export async function taken({ adminUrl, namespace }: ProvisionedSystem, domain: string, count: number) {
  const url = new URL(adminUrl)
  url.pathname = `${namespace}.${domain}`
  const connection = await connect(url.href, { noDelay: true })
  try {
    const channel = await connection.createChannel()
    const messages: GetMessage[] = []
    await eventually(`${count} messages come`, async () => {
      const message = await channel.get('q.commands', { noAck: true })
      if (message !== false) messages.push(message)
      return messages.length >= count
    })
    return messages.map((message) => ({
      body: message.content.toString(),
      properties: frameFrom(message).properties,
    }))
  } finally {
    await connection.close()
  }
}
