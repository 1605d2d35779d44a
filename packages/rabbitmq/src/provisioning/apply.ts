import { setTimeout as pause } from 'node:timers/promises'
import { PosthornError } from '@posthorn/core'
import type { SystemPlan, VhostPlan } from '@posthorn/core/transport'
import { rabbitMqError } from '../errors.ts'
import { topologyMismatch } from '../topology.ts'
import { inParallel } from './in-parallel.ts'
import { ManagementApi } from './management-api.ts'
import { revokeRights } from './revoke-rights.ts'
import { userLimits } from './user-limits.ts'
import { readVhost, surplusBindings } from './vhost-state.ts'

/** How to reach the broker as its administrator, and what the plan leaves open. */
export interface ApplyOptions {
  /** `http[s]://<administrator>:<password>@<host>:<port>` */
  readonly managementUrl: string
  /** By user. A user without one must exist, and keeps its password. */
  readonly passwords: Readonly<Record<string, string>>
  /** How many connections one user may have in all vhosts together. Default 100; each service uses two per vhost. */
  readonly connectionsPerUser?: number
}

/**
 * Brings a broker to a plan: puts every object, and takes away the bindings and rights that are not in it. What users
 * lose through it takes effect at once: their connections are closed, and come back. Exchanges and queues that are not in
 * the plan stay (they may hold messages; `checkPlan` names them). May be repeated, and run beside itself.
 *
 * @throws {PosthornError} `TopologyMismatch` when something exists with other arguments, `ManagementFailed`,
 * `InvalidConfiguration`
 */
export async function applyPlan(plan: SystemPlan, options: ApplyOptions): Promise<void> {
  const api = new ManagementApi(options.managementUrl)
  const { connectionsPerUser, passwords } = options
  await inParallel(plan.users, (user) => putUser(api, user, passwords[user], connectionsPerUser))
  for (const vhost of plan.vhosts) await applyVhost(api, plan, vhost)
}

async function putUser(
  api: ManagementApi,
  user: string,
  password: string | undefined,
  connections: number | undefined,
): Promise<void> {
  if (password !== undefined) {
    const put = () => api.put({ password, tags: '' }, 'users', user)
    // Two who make a user at the same time: RabbitMQ refuses the second one, for whom it is there by then.
    await put().catch((error) => (isThere(error) ? put() : Promise.reject(error)))
  } else if (!(await api.get<{ name: string }[]>('users')).some(({ name }) => name === user)) {
    throw rabbitMqError('InvalidConfiguration', `User ${user} does not exist yet and needs a password`)
  }
  for (const [limit, value] of Object.entries(userLimits(connections))) {
    await api.put({ value }, 'user-limits', user, limit)
  }
}

const isThere = (error: unknown) =>
  error instanceof PosthornError && /user_already_exists/.test(String(error.details.reason))

async function applyVhost(api: ManagementApi, plan: SystemPlan, vhost: VhostPlan): Promise<void> {
  const { name } = vhost
  await api.put({}, 'vhosts', name)
  const before = await readVhost(api, name)
  await inParallel(vhost.exchanges, ({ name: exchange, type }) =>
    declared(name, () =>
      api.put({ type, durable: true, auto_delete: false, arguments: {} }, 'exchanges', name, exchange),
    ),
  )
  await inParallel(vhost.queues, (queue) =>
    declared(name, () =>
      api.put({ durable: true, auto_delete: false, arguments: queue.arguments }, 'queues', name, queue.name),
    ),
  )
  await inParallel(vhost.bindings, ({ exchange, queue, routingKey }) =>
    api.post({ routing_key: routingKey, arguments: {} }, 'bindings', name, 'e', exchange, 'q', queue),
  )
  // Rights come last, and first of all what takes some away: nobody uses what is not yet, or no more, to be used.
  await inParallel(
    surplusBindings(vhost, before),
    ({ source, destination_type, destination, properties_key }) =>
      api.delete('bindings', name, 'e', source, destination_type.slice(0, 1), destination, properties_key),
  )
  const losers = await revokeRights(api, plan, vhost, before)
  // Topics before the rest: without an entry for an exchange all its topics are allowed.
  await inParallel(vhost.topicPermissions, ({ user, exchange, write, read }) =>
    api.put({ exchange, write, read }, 'topic-permissions', name, user),
  )
  await inParallel(vhost.permissions, ({ user, configure, write, read }) =>
    api.put({ configure, write, read }, 'permissions', name, user),
  )
  // Revoked rights stay in the caches of open channels. All of the user's connections are closed, also those to other
  // vhosts: the API can close a single one only some seconds after it was made.
  await inParallel(losers, (user) => api.delete('connections', 'username', user))
}

/** Whoever makes a vhost has its rights a moment later. Who applies the same plan at the same time may come in between. */
const RIGHTS_DEADLINE = 2_000

async function declared(vhost: string, put: () => Promise<void>): Promise<void> {
  const end = performance.now() + RIGHTS_DEADLINE
  for (;;) {
    try {
      return await put()
    } catch (error) {
      const { status, reason } = error instanceof PosthornError ? error.details : {}
      if (status === 400) throw topologyMismatch(vhost, { reason: String(reason) })
      if (status !== 401 || performance.now() > end) throw error
    }
    await pause(50)
  }
}
