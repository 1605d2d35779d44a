import type { PermissionPlan, TopicPermissionPlan, VhostPlan } from './topology.ts'

export type Right = 'configure' | 'write' | 'read'

type Rights = Readonly<Record<Right, RegExp>>
type TopicRights = Readonly<Record<'write' | 'read', RegExp>>

/** Who may do what in a vhost of the in-memory broker. */
export class InMemoryRights {
  readonly #resources: ReadonlyMap<string, Rights>
  readonly #topics: ReadonlyMap<string, TopicRights>

  constructor({ permissions, topicPermissions }: Pick<VhostPlan, 'permissions' | 'topicPermissions'>) {
    this.#resources = new Map(permissions.map((one) => [one.user, rightsOf(one)]))
    this.#topics = new Map(topicPermissions.map((one) => [topicKey(one.user, one.exchange), topicsOf(one)]))
  }

  /** Whether there is anything that the user may do. */
  knows(user: string): boolean {
    return this.#resources.has(user)
  }

  may(user: string, right: Right, name: string): boolean {
    return this.#resources.get(user)?.[right].test(name) ?? false
  }

  /** As RabbitMQ has it, who has no limit on an exchange's keys may use them all. */
  mayRoute(user: string, right: 'write' | 'read', exchange: string, routingKey: string): boolean {
    return this.#topics.get(topicKey(user, exchange))?.[right].test(routingKey) ?? true
  }
}

function rightsOf({ configure, write, read }: PermissionPlan): Rights {
  return { configure: new RegExp(configure), write: new RegExp(write), read: new RegExp(read) }
}

function topicsOf({ write, read }: TopicPermissionPlan): TopicRights {
  return { write: new RegExp(write), read: new RegExp(read) }
}

/** No name has a blank. */
function topicKey(user: string, exchange: string): string {
  return `${user} ${exchange}`
}
