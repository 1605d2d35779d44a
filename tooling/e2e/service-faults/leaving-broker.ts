import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRabbitMqNode } from '../../faults/servers/rabbitmq-node.ts'
import { startTcpProxy } from '../../faults/tcp-proxy.ts'
import { through } from './through.ts'

/** A broker that goes away, and comes back with all that it had. */
export interface LeavingBroker {
  readonly amqpUrl: string
  readonly managementUrl: string
  leave(): Promise<void>
  comeBack(): Promise<void>
  stop(): Promise<void>
}

/** One of our own, that is killed and started again. */
export async function killableBroker(): Promise<LeavingBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-broker-away-'))
  const node = await startRabbitMqNode(folder)
  return {
    amqpUrl: node.amqpUrl,
    managementUrl: node.managementUrl,
    leave: () => node.kill(),
    comeBack: () => node.start(),
    stop: async () => {
      await node.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The test run's, on a way that can be closed: nobody who goes this way can tell it from one that was killed. */
export async function brokerOutOfReach(): Promise<LeavingBroker> {
  const amqpUrl = String(process.env.POSTHORN_TEST_AMQP_URL)
  const proxy = await startTcpProxy(Number(new URL(amqpUrl).port))
  return {
    amqpUrl: through(amqpUrl, proxy),
    managementUrl: String(process.env.POSTHORN_TEST_MANAGEMENT_URL),
    leave: async () => {
      proxy.set({ kind: 'refused' })
      proxy.reset()
    },
    comeBack: async () => proxy.set({ kind: 'fair' }),
    stop: () => proxy.stop(),
  }
}
