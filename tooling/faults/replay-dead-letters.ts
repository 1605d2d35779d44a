import { DeadLetters } from '@posthorn/rabbitmq'
import { observedSystem } from '../running-system/observed-system.ts'
import type { World } from './world.ts'

/** What the broker moved because its consumer was lost, or could neither handle nor park it, too often. */
const EXPLAINED = 'delivery_limit'

/**
 * Does what an operator does when everything is up again: has the dead letters that the faults explain handled once
 * more. All others stay, to be found. Gives how many it replayed.
 */
export async function replayDeadLetters(
  { plan, provisioned, brokerUrl }: World,
  log: (line: string) => void,
): Promise<number> {
  let replayed = 0
  for (const { owner } of plan.vhosts) {
    const letters = new DeadLetters({
      url: brokerUrl,
      system: observedSystem,
      namespace: provisioned.namespace,
      domain: owner,
      passwords: provisioned.passwords,
    })
    for (const { queue, id, type, reason } of await letters.list({}, 1_000)) {
      if (reason !== EXPLAINED) continue
      log(`  replayed from ${queue} of ${owner}: ${type} ${id}`)
      await letters.replay(queue, id)
      replayed += 1
    }
  }
  return replayed
}
