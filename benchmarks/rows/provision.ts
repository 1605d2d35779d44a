import { planSystem, type System } from '@posthorn/core'
import { applyPlan, generatePasswords } from '@posthorn/rabbitmq'
import type { Servers } from '../suite/contender.ts'

/** Prepares the broker for a system of Posthorn as a deployment does, and gives each user's URL. */
export async function provision(system: System, servers: Servers): Promise<(user: string) => string> {
  const { name: namespace, amqpUrl, managementUrl } = servers
  const plan = planSystem(system, { namespace })
  const passwords = generatePasswords(plan)
  await applyPlan(plan, { managementUrl, passwords })
  return (user) => {
    const url = new URL(amqpUrl)
    url.username = user
    url.password = passwords[user] ?? ''
    url.pathname = ''
    return url.href
  }
}
