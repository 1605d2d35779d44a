import type { Fault } from '../fault.ts'
import type { ServiceName } from '../fleet.ts'

/** SIGTERM in the middle of everything, as when a new version is rolled out. */
export function stopInstance(service: ServiceName): Fault {
  return {
    name: `${service} stopped`,
    lane: 'services',
    lasts: [200, 1_000],
    inject: async ({ fleet }, random) => {
      const instance = random.pick(fleet.of(service))
      await instance.stopInOrder()
      return () => instance.live()
    },
  }
}
