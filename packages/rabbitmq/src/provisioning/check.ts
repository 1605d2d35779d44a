import type { SystemPlan } from '@posthorn/core/transport'
import { checkUsers } from './check-users.ts'
import { checkVhost } from './check-vhost.ts'
import type { Difference } from './difference.ts'
import { inParallel } from './in-parallel.ts'
import { ManagementApi } from './management-api.ts'
import type { BrokerUser } from './revoke-rights.ts'
import { readVhost } from './vhost-state.ts'

/**
 * Compares a broker with a plan, changing nothing: for deployments, and for a look now and then. Beside missing, surplus
 * and altered objects and rights it names what makes the plan's promises void: users who may speak for others, the
 * default user, strangers with rights, policies, users without limits.
 *
 * @param options `connectionsPerUser` as given to `applyPlan`; without it users need limits, whatever they are
 * @returns nothing when they agree
 * @throws {PosthornError} `ManagementFailed`, `InvalidConfiguration`
 */
export async function checkPlan(
  plan: SystemPlan,
  options: { readonly managementUrl: string; readonly connectionsPerUser?: number },
): Promise<readonly Difference[]> {
  const api = new ManagementApi(options.managementUrl)
  const [users, vhosts] = await Promise.all([
    api.get<BrokerUser[]>('users'),
    api.get<{ name: string }[]>('vhosts'),
  ])
  const found: Difference[] = [...(await checkUsers(api, plan, users, options.connectionsPerUser))]
  await inParallel(plan.vhosts, async (vhost) => {
    if (vhosts.some(({ name }) => name === vhost.name)) {
      found.push(...checkVhost(vhost, await readVhost(api, vhost.name), plan.users, users))
    } else {
      found.push({ vhost: vhost.name, object: 'vhost', problem: 'is missing' })
    }
  })
  return found
}
