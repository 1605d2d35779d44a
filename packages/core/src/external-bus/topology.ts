/**
 * What a system needs on its broker, derived from the definition alone. Exchanges carry `x.`, queues `q.`, never the
 * same string: permission patterns name resources, not kinds.
 */
export interface SystemPlan {
  /** Broker users: one for each domain and client. Passwords are not part of a plan. */
  readonly users: readonly string[]
  readonly vhosts: readonly VhostPlan[]
}

/** One domain's vhost, with all that others have in it. */
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

/** An exchange, always durable. */
export interface ExchangePlan {
  readonly name: string
  readonly type: 'direct' | 'topic'
}

/** A queue, always durable. `arguments` are AMQP's `x-…` arguments, complete, `x-queue-type` among them. */
export interface QueuePlan {
  readonly name: string
  readonly arguments: Readonly<Record<string, string | number | boolean>>
}

/** What brings the messages of an exchange with a certain key into a queue. */
export interface BindingPlan {
  readonly exchange: string
  readonly queue: string
  readonly routingKey: string
}

/** What a user may do in the vhost: regular expressions over resource names, anchored. */
export interface PermissionPlan {
  readonly user: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** Which keys a user may use at a topic exchange: regular expressions, anchored. */
export interface TopicPermissionPlan {
  readonly user: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}
