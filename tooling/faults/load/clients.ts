import { allocation } from '@posthorn/contracts'
import type { System } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import type { ProvisionedBroker } from '../../running-system/provisioned-broker.ts'

/** The two clients of the allocation domain, as they are on the broker. */
export interface Clients {
  readonly storefront: RabbitMqExternalBus<'storefront'>
  readonly warehouse: RabbitMqExternalBus<'warehouse'>
  /** The ids of the lost lines that the warehouse has heard of, some perhaps more than once. */
  readonly heard: readonly string[]
  stop(): Promise<void>
}

export async function startClients(system: System, broker: ProvisionedBroker): Promise<Clients> {
  const { namespace } = broker
  const storefront = new RabbitMqExternalBus({
    url: broker.urlFor('storefront'),
    domain: 'storefront',
    system,
    namespace,
  })
  const warehouse = new RabbitMqExternalBus({
    url: broker.urlFor('warehouse'),
    domain: 'warehouse',
    system,
    namespace,
  })
  const heard: string[] = []
  storefront.registerDomains(allocation.name)
  warehouse.registerEventHandlers(allocation.events.Deallocated, async ({ id }) => void heard.push(id))
  await Promise.all([storefront.start(), warehouse.start()])
  return {
    storefront,
    warehouse,
    heard,
    stop: async () => {
      await Promise.all([storefront.stop({ deadline: 5_000 }), warehouse.stop({ deadline: 5_000 })])
    },
  }
}
