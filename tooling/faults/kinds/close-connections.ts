import { type Fault, healsByItself, NotInjected } from '../fault.ts'

/** The broker closes all of this system's connections of one user. */
export const closeConnections: Fault = {
  name: 'connections closed by the broker',
  lane: 'broker',
  lasts: [200, 1_500],
  inject: async ({ management, plan }, random) => {
    const vhosts = new Set(plan.vhosts.map(({ name }) => name))
    const ours = (await management.connections()).filter(({ vhost = '' }) => vhosts.has(vhost))
    if (ours.length === 0) throw new NotInjected('nobody is known to be connected')
    const { user: victim } = random.pick(ours)
    const theirs = ours.filter(({ user }) => user === victim)
    await Promise.all(theirs.map(({ name }) => management.closeConnection(name)))
    return healsByItself
  },
}
