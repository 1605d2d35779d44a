import type { SystemPlan } from '@posthorn/core/transport'
import { rabbitMqError } from '../errors.ts'
import { userLimits } from './user-limits.ts'

/** RabbitMQ's definitions file, as `load_definitions` reads it. */
export interface Definitions {
  readonly users: readonly object[]
  readonly vhosts: readonly object[]
  readonly permissions: readonly object[]
  readonly topic_permissions: readonly object[]
  readonly exchanges: readonly object[]
  readonly queues: readonly object[]
  readonly bindings: readonly object[]
}

/**
 * A plan as definitions for a broker's first boot. It holds the passwords: treat the file accordingly. For a broker that
 * runs already use `applyPlan`: imported definitions change and remove nothing that exists.
 *
 * @param administrators further users, with the tag `administrator` and all rights
 * @throws {PosthornError} `InvalidConfiguration` when a user of the plan has no password
 */
export function definitionsOf(
  plan: SystemPlan,
  passwords: Readonly<Record<string, string>>,
  administrators: Readonly<Record<string, string>> = {},
): Definitions {
  const passwordOf = (user: string): string => {
    const password = passwords[user]
    if (password !== undefined && password !== '') return password
    // The broker would make the user, with a password that nobody knows.
    throw rabbitMqError('InvalidConfiguration', `User ${user} needs a password in the definitions`)
  }
  const inEach = <T>(of: (vhost: SystemPlan['vhosts'][number]) => readonly T[]) =>
    plan.vhosts.flatMap((vhost) => of(vhost).map((one) => ({ vhost: vhost.name, ...one })))
  const everything = Object.keys(administrators).map((user) => ({
    user,
    configure: '.*',
    write: '.*',
    read: '.*',
  }))
  return {
    users: [
      ...plan.users.map((name) => ({ name, password: passwordOf(name), tags: '', limits: userLimits() })),
      ...Object.entries(administrators).map(([name, password]) => ({
        name,
        password,
        tags: 'administrator',
      })),
    ],
    vhosts: plan.vhosts.map(({ name }) => ({ name })),
    permissions: inEach(({ permissions }) => [...permissions, ...everything]),
    topic_permissions: inEach(({ topicPermissions }) => topicPermissions),
    exchanges: inEach(({ exchanges }) =>
      exchanges.map((one) => ({ ...one, durable: true, auto_delete: false, internal: false, arguments: {} })),
    ),
    queues: inEach(({ queues }) => queues.map((one) => ({ ...one, durable: true, auto_delete: false }))),
    bindings: inEach(({ bindings }) =>
      bindings.map(({ exchange, queue, routingKey }) => ({
        source: exchange,
        destination: queue,
        destination_type: 'queue',
        routing_key: routingKey,
        arguments: {},
      })),
    ),
  }
}
