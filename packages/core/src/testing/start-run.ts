import { InMemoryBroker } from '../external-bus/in-memory-broker.ts'
import { planSystem } from '../external-bus/plan-system.ts'
import type { System } from '../messages/define-system.ts'
import { PlayedMembers } from './played-members.ts'
import { TestRun } from './test-run.ts'
import { RunningService, type TestedParts, type TestedService } from './tested-service.ts'
import { Tracker } from './tracker.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What a run consists of. */
export interface RunOptions<P extends Readonly<Record<string, TestedParts>>> {
  readonly system: System
  /** By the name of the domain. The clients, and the domains that are not among them, the test plays. */
  readonly services: { readonly [K in keyof P]: TestedService<K & string, P[K]> }
}

/**
 * Starts services on a broker and stores in memory, each with its real handlers, bus, outbox, relay and inbox, and
 * connects all other members of the system, for the test to play them.
 *
 * @throws whatever a service throws when it is joined or started; what was started before is stopped then
 */
export async function startRun<P extends Readonly<Record<string, TestedParts>>>({
  system,
  services,
}: RunOptions<P>): Promise<TestRun<P>> {
  const clock = new VirtualClock({ flows: true })
  const broker = new InMemoryBroker({ plan: planSystem(system), clock })
  const tracker = new Tracker()
  const common = { system, broker, clock, tracker }
  const members = [...system.domains.keys(), ...system.clients]
  const played = new PlayedMembers(
    members.filter((name) => !Object.hasOwn(services, name)),
    common,
  )
  const running: RunningService[] = []
  const run = new TestRun<P>({ ...common, played, services: running })
  try {
    // Services first: who plays a domain must find its broker as its own service would.
    for (const [domain, service] of Object.entries(services) as [string, TestedService][]) {
      const one = await RunningService.make({ ...common, domain, service })
      running.push(one)
      await one.start()
    }
    for (const bus of played.buses.values()) await bus.start()
    return run
  } catch (error) {
    await run.stop()
    throw error
  }
}
