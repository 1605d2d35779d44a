import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planSystem } from '@posthorn/core'
import { type RabbitMqNode, startRabbitMqNode } from '../../../../tooling/faults/servers/rabbitmq-node.ts'
import type { ProvisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { brokerUrlFor } from '../../../../tooling/running-system/broker-url.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { testPasswords } from '../../src/testing/test-passwords.ts'
import { shopSystem } from './shop-system.ts'

/** The shop on a broker of a test's own, which may be frozen, killed and alarmed. */
export interface KillableBroker extends Pick<ProvisionedSystem, 'namespace' | 'urlFor'>, AsyncDisposable {
  readonly node: RabbitMqNode
  /** The administrator's, for the vhost of `billing`. */
  readonly adminUrl: string
}

export async function killableBroker(): Promise<KillableBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-killable-'))
  const node = await startRabbitMqNode(folder)
  const namespace = 'own'
  const plan = planSystem(shopSystem, { namespace })
  const passwords = testPasswords(node.managementUrl, plan.users)
  await applyPlan(plan, { managementUrl: node.managementUrl, passwords })
  return {
    node,
    namespace,
    adminUrl: `${node.amqpUrl}/${namespace}.billing`,
    urlFor: (user) => brokerUrlFor(node.amqpUrl, user, passwords),
    [Symbol.asyncDispose]: async () => {
      await node.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
