import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { contend } from '../../suite/contender.ts'
import { provision } from '../provision.ts'
import { shipping, system } from '../shipping.ts'
import { CALL_TIMEOUT } from './call-queue.ts'
import { roundOfCalls, shipOrder } from './ship-order.ts'

await contend(async (servers) => {
  const { name: namespace } = servers
  const urlOf = await provision(system, servers)
  const common = { system, namespace, prefetch: 200 }
  const callee = new RabbitMqExternalBus({ ...common, domain: 'shipping', url: urlOf('shipping') })
  const caller = new RabbitMqExternalBus({ ...common, domain: 'tracking', url: urlOf('tracking') })
  callee.registerCommandHandler(shipping.commands.ShipOrder, async ({ payload }) => shipOrder(payload))
  caller.registerDomains('shipping')
  await callee.start()
  await caller.start()
  return {
    round: roundOfCalls((order) =>
      caller.call(shipping.commands.ShipOrder(order), { timeout: CALL_TIMEOUT }),
    ),
    async close() {
      await caller.stop()
      await callee.stop()
    },
  }
})
