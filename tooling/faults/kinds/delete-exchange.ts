import { commandExchange } from '@posthorn/core/transport'
import type { Fault } from '../fault.ts'

/** Who publishes to an exchange that is not there has his channel closed by the broker. */
export const deleteExchange: Fault = {
  name: 'channels closed by the broker',
  lane: 'broker',
  lasts: [500, 3_000],
  inject: async ({ management, plan, provision }, random) => {
    const exchanges = plan.vhosts.flatMap(({ name: vhost, exchanges }) =>
      exchanges
        .filter(({ name }) => name.startsWith(commandExchange('')))
        .map(({ name }) => ({ vhost, name })),
    )
    const { vhost, name } = random.pick(exchanges)
    await management.deleteExchange(vhost, name)
    return provision
  },
}
