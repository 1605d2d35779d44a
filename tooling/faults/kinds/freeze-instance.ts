import type { Fault } from '../fault.ts'
import type { ServiceName } from '../fleet.ts'

/** Frozen, now and then for longer than broker and database have patience; then it goes on as if nothing had been. */
export function freezeInstance(service: ServiceName): Fault {
  return {
    name: `${service} frozen`,
    lane: 'services',
    lasts: [500, 12_000],
    inject: async ({ fleet }, random) => {
      const instance = random.pick(fleet.of(service))
      instance.signal('SIGSTOP')
      return async () => instance.signal('SIGCONT')
    },
  }
}
