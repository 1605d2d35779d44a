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
  vhostName,
} from './names.ts'
import type { Guest } from './plan-permissions.ts'
import { declarationsOf, guestsOf, planVhost } from './plan-system.ts'
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
  const { system, selfDeclare, namespace, domain: self } = settings
  const guest = guestsOf(system, domain, { selfDeclare }).find(({ user }) => user === self)
  let reason: string | null = null
  let lost = false
  const link = await settings.broker.open(vhostName(domain, namespace), {
    ...events,
    onState: (state, why) => {
      reason = why
      if (state === 'down') lost = true
      if (state !== 'up') return
      if (lost) settings.telemetry?.note({ kind: 'reconnected', vhost: domain })
      lost = false
      onUp()
    },
  })
  try {
    if (selfDeclare) await link.declare(declarationsOf(ownPlan(settings, registrations, domain), self))
    const needs = domain === self ? OWNER_NEEDS : needsOf(self, guest)
    await link.check(needs.exchanges, needs.queues)
  } catch (error) {
    await link.close(CLOSE_DEADLINE)
    throw error
  }
  return {
    domain,
    link,
    mayCall: guest?.calls ?? false,
    health: () => ({ domain, state: link.state, reason }),
  }
}

/** In ms, for a link that has nothing to lose. */
const CLOSE_DEADLINE = 2_000

/** What stands in a domain's vhost where services declare it themselves, as far as this bus knows. */
function ownPlan(settings: BusSettings, registrations: Registrations, domain: string): VhostPlan {
  const { system, domain: self, ordered } = settings
  const options = { selfDeclare: true, ordered: ordered ? [self] : [] }
  return domain === self
    ? planVhost(system, domain, options, (command) => registrations.callersOf(command))
    : planVhost(system, domain, options)
}

/** What a user writes and reads in a vhost: only that may it ask for. */
interface Needs {
  readonly exchanges: readonly string[]
  readonly queues: readonly string[]
}

const OWNER_NEEDS: Needs = {
  exchanges: [EVENTS_EXCHANGE, OWNER_RETRY_EXCHANGE],
  queues: [COMMAND_QUEUE, CALL_QUEUE],
}

function needsOf(user: string, { calls, subscribes }: Guest = { user, calls: false, subscribes: [] }): Needs {
  const hears = subscribes.length > 0
  return {
    exchanges: [...(calls ? [commandExchange(user)] : []), ...(hears ? [subscriberRetryExchange(user)] : [])],
    queues: hears ? [eventQueue(user)] : [],
  }
}
