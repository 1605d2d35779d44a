import { setTimeout as pause } from 'node:timers/promises'
import { commandExchange } from '@posthorn/core/transport'
import type { Fault } from '../fault.ts'
import type { World } from '../world.ts'

const CALLS = 'q.calls'
const COMMANDS = 'q.commands'

type Victim = { readonly queue: string; readonly vhostOf: 'allocation' | 'notifications' }

const VICTIMS: readonly Victim[] = [
  { queue: CALLS, vhostOf: 'allocation' },
  { queue: CALLS, vhostOf: 'notifications' },
  { queue: COMMANDS, vhostOf: 'allocation' },
  { queue: COMMANDS, vhostOf: 'notifications' },
  { queue: 'notifications.q.events', vhostOf: 'allocation' },
]

/** The broker's figures of a queue are up to five seconds old. */
const FIGURES_ARE_NEW = 6_000
const MOST_DRAINING = 15_000

/**
 * A queue goes, and comes back empty. What it holds would go with it, as with a table that is dropped; so but for calls,
 * which may be lost, nobody can reach it for a while before, and it is deleted when its consumers have emptied it; where
 * they do not, the queue of calls goes in its place.
 */
export const deleteQueue: Fault = {
  name: 'queue deleted',
  lane: 'broker',
  lasts: [200, 2_000],
  inject: async (world, random) => {
    const { queue: wanted, vhostOf } = random.pick(VICTIMS)
    const vhost = world.plan.vhosts.find(({ owner }) => owner === vhostOf)?.name ?? vhostOf
    let queue = wanted
    if (queue !== CALLS) {
      await (queue === COMMANDS ? leaveUnreachable(world, vhost) : silence(world, vhost))
      if (!(await isDrained(world, vhost, queue))) {
        await world.provision()
        queue = CALLS
      }
    }
    await world.management.deleteQueue(vhost, queue)
    return world.provision
  },
}

/** With its exchanges gone, what is for a command queue comes back to the senders. */
async function leaveUnreachable({ management, plan }: World, vhost: string): Promise<void> {
  const exchanges = plan.vhosts.find(({ name }) => name === vhost)?.exchanges ?? []
  for (const { name } of exchanges.filter((exchange) => exchange.name.startsWith(commandExchange('')))) {
    await management.deleteExchange(vhost, name)
  }
}

/** An event goes to whom it can be brought; so the publisher must lose the right to publish for the while. */
async function silence({ management, plan }: World, vhost: string): Promise<void> {
  const owner = plan.vhosts.find(({ name }) => name === vhost)?.owner ?? vhost
  await management.forbidWriting(vhost, owner)
  await management.closeConnectionsOf(owner)
}

async function isDrained({ management }: World, vhost: string, queue: string): Promise<boolean> {
  await pause(FIGURES_ARE_NEW)
  for (const end = performance.now() + MOST_DRAINING; performance.now() < end; await pause(500)) {
    const state = (await management.queues(vhost)).find(({ name }) => name === queue)
    if (state?.messages === 0) return true
  }
  return false
}
