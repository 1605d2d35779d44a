import { system as contracts } from '@posthorn/contracts'
import { planSystem, type System } from '@posthorn/core'
import { applyPlan, generatePasswords, removePlan } from '@posthorn/rabbitmq'
import { brokerUrlFor } from './broker-url.ts'

/** The system's vhosts, users and permissions on a broker, as its manifest says and no more. */
export interface ProvisionedBroker {
  readonly namespace: string
  readonly passwords: Readonly<Record<string, string>>
  /** The broker's URL with the credentials of one user. */
  urlFor(user: string): string
  remove(): Promise<void>
}

/** Applies the system's plan as administrator; the services themselves configure nothing. */
export async function provisionBroker(options: {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly namespace?: string
  /** Default: the services' own. */
  readonly system?: System
  /** Passwords of users that others on this broker use too: they are left in place at the end. */
  readonly sharedUsers?: Readonly<Record<string, string>>
}): Promise<ProvisionedBroker> {
  const { amqpUrl, managementUrl, namespace, system = contracts, sharedUsers } = options
  const plan = planSystem(system, namespace === undefined ? {} : { namespace })
  const passwords = sharedUsers ?? generatePasswords(plan)
  await applyPlan(plan, {
    managementUrl,
    passwords,
    ...(sharedUsers === undefined ? {} : { connectionsPerUser: 1_000 }),
  })
  return {
    namespace: namespace ?? '',
    passwords,
    urlFor: (user) => brokerUrlFor(amqpUrl, user, passwords),
    remove: () => removePlan(plan, { managementUrl, keepUsers: sharedUsers !== undefined }),
  }
}
