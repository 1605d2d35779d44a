import type { PermissionPlan, SystemPlan, VhostPlan } from '@posthorn/core/transport'
import { inParallel } from './in-parallel.ts'
import type { ManagementApi } from './management-api.ts'
import type { VhostState } from './vhost-state.ts'

/**
 * Takes away the rights in a vhost that its plan does not give. Users with a tag that the plan does not name are people
 * and tools, and keep theirs.
 *
 * @returns the users who have fewer rights than before, or will have by the plan
 */
export async function revokeRights(
  api: ManagementApi,
  plan: SystemPlan,
  vhost: VhostPlan,
  before: VhostState,
): Promise<ReadonlySet<string>> {
  const tagged = await taggedUsers(api, plan)
  const losers = new Set<string>()
  const surplus = before.permissions.filter(
    ({ user }) => !tagged.has(user) && plannedFor(vhost, user) === undefined,
  )
  await inParallel(surplus, ({ user }) => {
    losers.add(user)
    return api.delete('permissions', vhost.name, user)
  })
  for (const actual of before.permissions) {
    const planned = plannedFor(vhost, actual.user)
    if (planned !== undefined && !sameRights(planned, actual)) losers.add(actual.user)
  }
  const surplusTopics = before.topicPermissions.filter(
    ({ user, exchange }) =>
      !tagged.has(user) &&
      !vhost.topicPermissions.some((one) => one.user === user && one.exchange === exchange),
  )
  await inParallel(surplusTopics, ({ user, exchange }) => {
    losers.add(user)
    return api.delete('topic-permissions', vhost.name, user, exchange)
  })
  return losers
}

/** Users that are not the plan's and carry a tag, such as `administrator` or `monitoring`. */
async function taggedUsers(api: ManagementApi, plan: SystemPlan): Promise<ReadonlySet<string>> {
  const users = await api.get<BrokerUser[]>('users')
  return new Set(
    users
      .filter((user) => tagsOf(user).length > 0 && !plan.users.includes(user.name))
      .map(({ name }) => name),
  )
}

export interface BrokerUser {
  readonly name: string
  /** A comma-separated string before RabbitMQ 3.9. */
  readonly tags: readonly string[]
}

export function tagsOf({ tags }: BrokerUser): readonly string[] {
  return tags.filter((tag) => tag !== '')
}

export function plannedFor(vhost: VhostPlan, user: string): PermissionPlan | undefined {
  return vhost.permissions.find((one) => one.user === user)
}

export function sameRights(one: PermissionPlan, other: PermissionPlan): boolean {
  return one.configure === other.configure && one.write === other.write && one.read === other.read
}
