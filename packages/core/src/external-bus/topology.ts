/**
 * What a system needs on its broker, derived from the definition alone. Exchanges carry `x.`, queues `q.`, never the
 * same string: permission patterns name resources, not kinds.
 */
export interface SystemPlan {
  /** Broker users: one for each domain and client. Passwords are not part of a plan. */
  readonly users: readonly string[]
  readonly vhosts: readonly VhostPlan[]
}

export interface VhostPlan {
  readonly name: string
  /** The domain whose vhost it is. */
  readonly owner: string
  readonly exchanges: readonly ExchangePlan[]
  readonly queues: readonly QueuePlan[]
  readonly bindings: readonly BindingPlan[]
  readonly permissions: readonly PermissionPlan[]
  readonly topicPermissions: readonly TopicPermissionPlan[]
}

export interface ExchangePlan {
  readonly name: string
  readonly type: 'direct' | 'topic'
}

/** Always durable. `arguments` are AMQP's `x-…` arguments, complete, `x-queue-type` among them. */
export interface QueuePlan {
  readonly name: string
  readonly arguments: Readonly<Record<string, string | number | boolean>>
}

export interface BindingPlan {
  readonly exchange: string
  readonly queue: string
  readonly routingKey: string
}

/** Regular expressions over resource names, anchored. */
export interface PermissionPlan {
  readonly user: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

export interface TopicPermissionPlan {
  readonly user: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}
