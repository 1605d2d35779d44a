import type { VhostPlan } from '@posthorn/core/transport'
import type { Channel } from 'amqplib'
import { rabbitMqError } from './errors.ts'
import type { Loss } from './loss.ts'
import { probe } from './probe.ts'
import type { Session } from './session.ts'

/**
 * Looks passively for exchanges and queues. Only for what the user may write or read: since RabbitMQ 4.3 it sees nothing
 * else.
 * @throws {PosthornError} `PermissionNotProvisioned` naming all that is missing
 */
export async function checkTopology(
  session: Session,
  vhost: string,
  exchanges: readonly string[],
  queues: readonly string[],
): Promise<void> {
  const missing: string[] = []
  const look = async (name: string, work: (channel: Channel) => Promise<unknown>) => {
    if ((await probe(session, work)) !== null) missing.push(name)
  }
  for (const exchange of exchanges) {
    // The default exchange is always there, and cannot be looked at.
    if (exchange !== '') await look(`exchange ${exchange}`, (channel) => channel.checkExchange(exchange))
  }
  for (const queue of queues) await look(`queue ${queue}`, (channel) => channel.checkQueue(queue))
  if (missing.length === 0) return
  throw rabbitMqError(
    'PermissionNotProvisioned',
    `Missing in vhost ${vhost}, or not for this user: ${missing.join(', ')}; apply the system's plan`,
    { details: { vhost, missing } },
  )
}

/**
 * Declares a vhost's exchanges, queues and bindings.
 * @throws {PosthornError} `TopologyMismatch` naming the argument, `PermissionNotProvisioned`
 */
export async function declareTopology(session: Session, plan: VhostPlan): Promise<void> {
  const refusal = await probe(session, (channel) =>
    // On one channel in this order, without waiting in between; what follows a refusal is refused too.
    Promise.all([
      ...plan.exchanges.map(({ name, type }) => channel.assertExchange(name, type, { durable: true })),
      ...plan.queues.map((queue) =>
        channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments }),
      ),
      ...plan.bindings.map((one) => channel.bindQueue(one.queue, one.exchange, one.routingKey)),
    ]),
  )
  if (refusal === null) return
  throw refusal.code === 403
    ? rabbitMqError('PermissionNotProvisioned', `May not declare in vhost ${plan.name}: ${refusal.reason}`)
    : topologyMismatch(plan.name, refusal)
}

/** The broker's refusal of something that exists otherwise, or of a binding to something that does not exist. */
export function topologyMismatch(vhost: string, refusal: Pick<Loss, 'reason'>) {
  const [, argument, object] = /inequivalent arg '([^']+)' for (\w+ '[^']+')/.exec(refusal.reason) ?? []
  const what =
    argument === undefined ? '' : `${object} has another ${argument}; delete it or change the plan: `
  return rabbitMqError('TopologyMismatch', `Cannot declare in vhost ${vhost}: ${what}${refusal.reason}`, {
    details: { vhost, argument: argument ?? null, object: object ?? null },
  })
}
