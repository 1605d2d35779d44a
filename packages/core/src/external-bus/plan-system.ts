import { PosthornError } from '../errors.ts'
import type { System } from '../messages/define-system.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import {
  CALL_QUEUE,
  COMMAND_QUEUE,
  callKey,
  commandExchange,
  EVENTS_EXCHANGE,
  eventKey,
  eventQueue,
  OWNER_RETRY_EXCHANGE,
  sendKey,
  subscriberRetryExchange,
  vhostName,
} from './names.ts'
import { type Guest, provisionedPermissions, selfDeclarePermissions } from './plan-permissions.ts'
import { DEFAULT_LIMITS, type PlanLimits, planCallQueue, planWorkQueue } from './plan-queues.ts'
import type { BindingPlan, SystemPlan, VhostPlan } from './topology.ts'

/** What a plan needs to know besides the system. */
export interface PlanOptions {
  /** Put before every vhost's name, with a dot, so that systems may share a broker. Users are not renamed. */
  readonly namespace?: string
  readonly limits?: Partial<PlanLimits>
  /**
   * Permissions with which every service declares its own objects, and an exchange for every possible caller. For
   * development on a broker where one has no administrator; weaker.
   */
  readonly selfDeclare?: boolean
  /** Subscribers whose events are delivered to one consumer at a time, in order. */
  readonly ordered?: readonly string[]
}

/** Who may use a command. */
type Allow = (command: CommandDefinition) => readonly string[]

const byContract: Allow = ({ allow }) => allow

/**
 * What a system needs on its broker. Each caller has a command exchange of its own, bound only with the commands that
 * it may use: the contract's allow-lists stand in the broker, and what is not allowed comes back as unroutable.
 */
export function planSystem(system: System, options: PlanOptions = {}): SystemPlan {
  return {
    users: [...system.domains.keys(), ...system.clients],
    vhosts: [...system.domains.keys()].map((domain) => planVhost(system, domain, options)),
  }
}

/**
 * One domain's vhost.
 *
 * @param allow who may use a command; the contract's list unless given
 * @throws {PosthornError} `UnknownDomain`
 */
export function planVhost(
  system: System,
  owner: string,
  options: PlanOptions = {},
  allow: Allow = byContract,
): VhostPlan {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const commands = commandsOf(system, owner)
  const guests = guestsOf(system, owner, options, allow)
  const callers = guests.filter(({ calls }) => calls).map(({ user }) => user)
  const subscribers = subscribersOf(system, owner)

  const work = planWorkQueue(COMMAND_QUEUE, OWNER_RETRY_EXCHANGE, limits)
  const subscriptions = [...subscribers].map(([subscriber, types]) => ({
    subscriber,
    work: planWorkQueue(eventQueue(subscriber), subscriberRetryExchange(subscriber), limits, {
      ordered: options.ordered?.includes(subscriber) ?? false,
    }),
    events: types.map((type) => ({
      exchange: EVENTS_EXCHANGE,
      queue: eventQueue(subscriber),
      routingKey: eventKey(type),
    })),
  }))

  return {
    name: vhostName(owner, options.namespace),
    owner,
    exchanges: [
      { name: EVENTS_EXCHANGE, type: 'topic' },
      { name: OWNER_RETRY_EXCHANGE, type: 'direct' },
      ...callers.map((caller) => ({ name: commandExchange(caller), type: 'direct' as const })),
      ...subscriptions.map(({ subscriber }) => ({
        name: subscriberRetryExchange(subscriber),
        type: 'direct' as const,
      })),
    ],
    queues: [...work.queues, planCallQueue(limits), ...subscriptions.flatMap((one) => one.work.queues)],
    bindings: [
      ...callers.flatMap((caller) =>
        commands.filter((command) => allow(command).includes(caller)).flatMap(commandBindings(caller)),
      ),
      ...work.bindings,
      ...subscriptions.flatMap((one) => [...one.events, ...one.work.bindings]),
    ],
    ...permissions(owner, guests, options.selfDeclare === true),
  }
}

/**
 * What others than its owner do in a domain's vhost.
 *
 * @throws {PosthornError} `UnknownDomain`
 */
export function guestsOf(
  system: System,
  owner: string,
  { selfDeclare = false }: Pick<PlanOptions, 'selfDeclare'> = {},
  allow: Allow = byContract,
): readonly Guest[] {
  const commands = commandsOf(system, owner)
  const subscribers = subscribersOf(system, owner)
  return [...system.domains.keys(), ...system.clients]
    .filter((user) => user !== owner)
    .map((user) => ({
      user,
      calls: selfDeclare || commands.some((command) => allow(command).includes(user)),
      subscribes: subscribers.get(user) ?? [],
    }))
    .filter(({ calls, subscribes }) => calls || subscribes.length > 0)
}

/** The part of a plan that one user declares itself: the owner `x.…` and `q.…`, a subscriber what carries its name. */
export function declarationsOf(plan: VhostPlan, user: string): VhostPlan {
  const own = user === plan.owner ? /^[xq]\./ : new RegExp(`^${user}\\.`)
  return {
    ...plan,
    exchanges: plan.exchanges.filter(({ name }) => own.test(name)),
    queues: plan.queues.filter(({ name }) => own.test(name)),
    bindings: plan.bindings.filter(({ queue }) => own.test(queue)),
  }
}

function commandsOf(system: System, owner: string): readonly CommandDefinition[] {
  const domain = system.domains.get(owner)
  if (domain === undefined) {
    throw new PosthornError('UnknownDomain', `${owner} is not a domain of the system`)
  }
  return Object.values(domain.commands)
}

/** Who subscribes to which of a domain's events, by wire name. */
function subscribersOf(system: System, owner: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const [subscriber, events] of system.subscriptions) {
    const types = new Set(events.filter((event) => event.domain === owner).map((event) => event.type))
    if (types.size > 0) found.set(subscriber, [...types])
  }
  return found
}

function commandBindings(caller: string): (command: CommandDefinition) => readonly BindingPlan[] {
  const exchange = commandExchange(caller)
  return ({ type }) => [
    { exchange, queue: COMMAND_QUEUE, routingKey: sendKey(type) },
    { exchange, queue: CALL_QUEUE, routingKey: callKey(type) },
  ]
}

function permissions(owner: string, guests: readonly Guest[], selfDeclare: boolean) {
  return selfDeclare ? selfDeclarePermissions(owner, guests) : provisionedPermissions(owner, guests)
}
