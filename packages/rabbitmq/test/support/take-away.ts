import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { testPasswords } from '../../src/testing/test-passwords.ts'

/** Takes from the only user of a system what it cannot do without. Its connections are left as they are. */
export async function takeAway(
  what: 'password' | 'permissions' | 'vhost',
  { managementUrl, plan }: ProvisionedSystem,
) {
  const api = new ManagementApi(managementUrl)
  const [user = '', vhost = ''] = [plan.users[0], plan.vhosts[0]?.name]
  if (what === 'password') await api.put({ password: 'another', tags: '' }, 'users', user)
  else if (what === 'permissions') await api.delete('permissions', vhost, user)
  else await api.delete('vhosts', vhost)
}

export async function giveBack({ managementUrl, plan }: ProvisionedSystem) {
  await applyPlan(plan, { managementUrl, passwords: testPasswords(managementUrl, plan.users) })
}
