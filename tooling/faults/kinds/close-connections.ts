import { type Fault, healsByItself } from '../fault.ts'

/** The broker closes all connections of one user. */
export const closeConnections: Fault = {
  name: 'connections closed by the broker',
  lane: 'broker',
  lasts: [200, 1_500],
  inject: async ({ management, plan }, random) => {
    await management.closeConnections(random.pick(plan.users))
    return healsByItself
  },
}
