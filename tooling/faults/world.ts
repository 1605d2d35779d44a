import type { SystemPlan } from '@posthorn/core/transport'
import type { Databases } from '../running-system/databases.ts'
import type { ProvisionedBroker } from '../running-system/provisioned-broker.ts'
import type { Fleet, ServiceName } from './fleet.ts'
import type { MailServer } from './mail-server.ts'
import type { Management } from './management.ts'
import type { PostgresNode } from './servers/postgres-node.ts'
import type { RabbitMqNode } from './servers/rabbitmq-node.ts'

/** Everything that a fault can lay its hands on. */
export interface World {
  readonly fleet: Fleet
  /** Whose links and sessions may suffer. */
  readonly victims: readonly ServiceName[]
  readonly mail: MailServer
  readonly provisioned: ProvisionedBroker
  readonly plan: SystemPlan
  readonly management: Management
  readonly databases: Databases
  /** Of an administrator. */
  readonly brokerUrl: string
  /** Of a superuser. */
  readonly databaseUrl: string
  /** Brings the broker back to the plan. */
  provision(): Promise<void>
  /** Waits until a crash of the broker can no longer take with it what was declared last. */
  topologySettled(): Promise<void>
  /** The servers themselves, where they are the machine's own. */
  readonly own: { readonly rabbitMq: RabbitMqNode; readonly postgres: PostgresNode } | undefined
}
