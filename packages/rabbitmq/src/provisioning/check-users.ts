import type { SystemPlan } from '@posthorn/core/transport'
import type { Difference } from './difference.ts'
import { inParallel } from './in-parallel.ts'
import type { ManagementApi } from './management-api.ts'
import { type BrokerUser, tagsOf } from './revoke-rights.ts'
import { userLimits } from './user-limits.ts'

/** What is wrong with the users themselves, in whatever vhost. */
export async function checkUsers(
  api: ManagementApi,
  plan: SystemPlan,
  users: readonly BrokerUser[],
  connectionsPerUser: number | undefined,
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  const report = (name: string, problem: string) =>
    found.push({ vhost: null, object: `user ${name}`, problem })
  await inParallel(plan.users, async (name) => {
    const user = users.find((one) => one.name === name)
    if (user === undefined) {
      report(name, 'is missing')
      return
    }
    if (tagsOf(user).length > 0) report(name, `has the tags ${tagsOf(user).join(', ')}; a service needs none`)
    for (const problem of await limitProblems(api, name, connectionsPerUser)) report(name, problem)
  })
  if (users.some(({ name }) => name === 'guest'))
    report('guest', 'exists, with a password that everybody knows')
  return found
}

async function limitProblems(
  api: ManagementApi,
  user: string,
  connectionsPerUser: number | undefined,
): Promise<readonly string[]> {
  const [limits] = await api.get<{ value: Readonly<Record<string, number>> }[]>('user-limits', user)
  return Object.entries(userLimits(connectionsPerUser)).flatMap(([name, planned]) => {
    const actual = limits?.value[name]
    if (actual === undefined || actual < 0) return [`has no limit ${name}`]
    if (connectionsPerUser === undefined || actual === planned) return []
    return [`has the limit ${name} ${actual}, not ${planned}`]
  })
}
