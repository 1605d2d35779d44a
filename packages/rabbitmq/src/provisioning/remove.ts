import type { SystemPlan } from '@posthorn/core/transport'
import { inParallel } from './in-parallel.ts'
import { ManagementApi } from './management-api.ts'

/**
 * Deletes a plan's vhosts with all their messages, and its users unless told to keep them. For tests, and for good-byes.
 *
 * @throws {PosthornError} `ManagementFailed`, `InvalidConfiguration`
 */
export async function removePlan(
  plan: SystemPlan,
  options: { readonly managementUrl: string; readonly keepUsers?: boolean },
): Promise<void> {
  const api = new ManagementApi(options.managementUrl)
  await inParallel(plan.vhosts, ({ name }) => api.delete('vhosts', name))
  if (options.keepUsers !== true) await inParallel(plan.users, (user) => api.delete('users', user))
}
