import type { SystemPlan, VhostPlan } from '@posthorn/core/transport'
import { inParallel } from './in-parallel.ts'
import { ManagementApi } from './management-api.ts'
import { type BrokerUser, plannedFor, sameRights, taggedUsers, tagsOf } from './revoke-rights.ts'
import { missingBindings, readVhost, surplusBindings, type VhostState } from './vhost-state.ts'

/** One way in which a broker is not as its plan says. */
export interface Difference {
  /** Null when it is about the broker as a whole. */
  readonly vhost: string | null
  /** Such as `queue q.commands`. */
  readonly object: string
  readonly problem: string
}

/**
 * Compares a broker with a plan, changing nothing: for deployments, and for a look now and then.
 *
 * @returns nothing when they agree
 * @throws {PosthornError} `ManagementFailed`, `InvalidConfiguration`
 */
export async function checkPlan(
  plan: SystemPlan,
  options: { readonly managementUrl: string },
): Promise<readonly Difference[]> {
  const api = new ManagementApi(options.managementUrl)
  const [users, vhosts, tagged] = await Promise.all([
    api.get<BrokerUser[]>('users'),
    api.get<{ name: string }[]>('vhosts'),
    taggedUsers(api, plan),
  ])
  const found: Difference[] = [...checkUsers(plan, users)]
  await inParallel(plan.vhosts, async (vhost) => {
    if (vhosts.some(({ name }) => name === vhost.name)) {
      found.push(...compare(vhost, await readVhost(api, vhost.name), tagged))
    } else {
      found.push({ vhost: vhost.name, object: 'vhost', problem: 'is missing' })
    }
  })
  return found
}

function checkUsers(plan: SystemPlan, users: readonly BrokerUser[]): readonly Difference[] {
  const found: Difference[] = []
  const report = (name: string, problem: string) =>
    found.push({ vhost: null, object: `user ${name}`, problem })
  for (const name of plan.users) {
    const user = users.find((one) => one.name === name)
    if (user === undefined) report(name, 'is missing')
    else if (tagsOf(user).length > 0)
      report(name, `has the tags ${tagsOf(user).join(', ')}; a service needs none`)
  }
  if (users.some(({ name }) => name === 'guest'))
    report('guest', 'exists, with a password that everybody knows')
  return found
}

function compare(plan: VhostPlan, state: VhostState, tagged: ReadonlySet<string>): readonly Difference[] {
  const found: Difference[] = []
  const report = (object: string, problem: string) => found.push({ vhost: plan.name, object, problem })

  for (const { name, type } of plan.exchanges) {
    const actual = state.exchanges.find((one) => one.name === name)
    if (actual === undefined) report(`exchange ${name}`, 'is missing')
    else if (actual.type !== type) report(`exchange ${name}`, `is of type ${actual.type}, not ${type}`)
    else if (!actual.durable) report(`exchange ${name}`, 'is not durable')
  }
  for (const { name, arguments: planned } of plan.queues) {
    const actual = state.queues.find((one) => one.name === name)
    if (actual === undefined) report(`queue ${name}`, 'is missing')
    else for (const problem of compareArguments(planned, actual.arguments)) report(`queue ${name}`, problem)
  }
  for (const { name } of state.exchanges) {
    if (!plan.exchanges.some((one) => one.name === name)) report(`exchange ${name}`, 'is not in the plan')
  }
  for (const { name } of state.queues) {
    if (!plan.queues.some((one) => one.name === name)) report(`queue ${name}`, 'is not in the plan')
  }
  for (const { exchange, queue, routingKey } of missingBindings(plan, state)) {
    report(`binding ${exchange} → ${queue} (${routingKey})`, 'is missing')
  }
  for (const { source, destination, routing_key } of surplusBindings(plan, state)) {
    report(`binding ${source} → ${destination} (${routing_key})`, 'is not in the plan')
  }

  for (const planned of plan.permissions) {
    const actual = state.permissions.find(({ user }) => user === planned.user)
    if (actual === undefined) report(`permissions of ${planned.user}`, 'are missing')
    else if (!sameRights(planned, actual)) report(`permissions of ${planned.user}`, 'are others than planned')
  }
  for (const { user } of state.permissions) {
    if (plannedFor(plan, user) === undefined && !tagged.has(user))
      report(`permissions of ${user}`, 'are not in the plan')
  }
  const topic = (one: { user: string; exchange: string }) =>
    `topic permissions of ${one.user} on ${one.exchange}`
  for (const planned of plan.topicPermissions) {
    const actual = state.topicPermissions.find((one) => topic(one) === topic(planned))
    if (actual === undefined) report(topic(planned), 'are missing')
    else if (actual.write !== planned.write || actual.read !== planned.read)
      report(topic(planned), 'are others than planned')
  }
  for (const actual of state.topicPermissions) {
    const planned = plan.topicPermissions.some((one) => topic(one) === topic(actual))
    if (!planned && !tagged.has(actual.user)) report(topic(actual), 'are not in the plan')
  }
  return found
}

function compareArguments(
  planned: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(planned), ...Object.keys(actual)])]
    .filter((name) => planned[name] !== actual[name])
    .map((name) => `has ${name} ${actual[name] ?? 'unset'}, not ${planned[name] ?? 'unset'}`)
}
