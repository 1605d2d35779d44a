import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { type Definitions, definitionsOf } from '@posthorn/rabbitmq'

/**
 * What the compose file's broker loads at its first boot. The passwords stand in the repository: they are for a
 * developer's loopback and for nothing else.
 */
export function composeDefinitions(): Definitions {
  const plan = planSystem(system)
  const passwords = Object.fromEntries(plan.users.map((user) => [user, `${user}-on-loopback`]))
  return definitionsOf(plan, passwords, { operator: 'operator-on-loopback' })
}
