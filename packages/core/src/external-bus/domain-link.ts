import type { BrokerLink, LinkEvents } from './broker.ts'
import type { BusSettings } from './bus-settings.ts'
import type { ExternalBusHealth } from './external-bus.ts'
import {
  CALL_QUEUE,
  COMMAND_QUEUE,
  commandExchange,
  EVENTS_EXCHANGE,
  eventQueue,
  OWNER_RETRY_EXCHANGE,
  subscriberRetryExchange,
} from './names.ts'
import { declarationsOf, planVhost } from './plan-system.ts'
import type { Registrations } from './registrations.ts'
import type { VhostPlan } from './topology.ts'

/** A bus's link to one domain's vhost. */
export interface DomainLink {
  readonly domain: string
  readonly link: BrokerLink
  /** Whether this user has a command exchange there: publishing to one that is missing would break the channel. */
  readonly mayCall: boolean
  readonly health: () => ExternalBusHealth['links'][number]
}

/**
 * Connects to a domain's vhost and makes sure that all is there which this user writes or reads.
 *
 * @throws as `Broker.open`, `BrokerLink.check` and `BrokerLink.declare`; nothing is left open then
 */
export async function openDomainLink(
  settings: BusSettings,
  registrations: Registrations,
  domain: string,
  { onUp, ...events }: Pick<LinkEvents, 'onReply' | 'onRepliesLost'> & { readonly onUp: () => void },
): Promise<DomainLink> {
  const plan = planVhost(
    settings.system,
    domain,
    {
      selfDeclare: settings.selfDeclare,
      ordered: settings.ordered ? [settings.domain] : [],
      ...(settings.namespace === undefined ? {} : { namespace: settings.namespace }),
    },
    domain === settings.domain ? (command) => registrations.callersOf(command) : undefined,
  )
  let reason: string | null = null
  const link = await settings.broker.open(plan.name, {
    ...events,
    onState: (state, why) => {
      reason = why
      if (state === 'up') onUp()
    },
  })
  try {
    if (settings.selfDeclare) await link.declare(declarationsOf(plan, settings.domain))
    const needs = needsOf(plan, settings.domain)
    await link.check(needs.exchanges, needs.queues)
  } catch (error) {
    await link.close(CLOSE_DEADLINE)
    throw error
  }
  return {
    domain,
    link,
    mayCall: has(plan.exchanges, commandExchange(settings.domain)),
    health: () => ({ domain, state: link.state, reason }),
  }
}

/** In ms, for a link that has nothing to lose. */
const CLOSE_DEADLINE = 2_000

/** What a user writes and reads in a vhost: only that may it ask for. */
function needsOf(plan: VhostPlan, user: string) {
  if (user === plan.owner) {
    return { exchanges: [EVENTS_EXCHANGE, OWNER_RETRY_EXCHANGE], queues: [COMMAND_QUEUE, CALL_QUEUE] }
  }
  const exchanges = [commandExchange(user), subscriberRetryExchange(user)]
  const queues = [eventQueue(user)]
  return {
    exchanges: exchanges.filter((name) => has(plan.exchanges, name)),
    queues: queues.filter((name) => has(plan.queues, name)),
  }
}

function has(list: readonly { readonly name: string }[], wanted: string): boolean {
  return list.some(({ name }) => name === wanted)
}
