import type { Fault } from '../fault.ts'
import type { ServiceName } from '../fleet.ts'

/** SIGKILL; the supervisor starts another process. */
export function killInstance(service: ServiceName): Fault {
  return {
    name: `${service} killed`,
    lane: 'services',
    lasts: [500, 2_000],
    inject: async ({ fleet }, random) => {
      const instance = random.pick(fleet.of(service))
      await instance.kill()
      return () => instance.live()
    },
  }
}
