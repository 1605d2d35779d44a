import type { BindingPlan, PermissionPlan, TopicPermissionPlan, VhostPlan } from '@posthorn/core/transport'
import type { ManagementApi } from './management-api.ts'

/** What is in a vhost now, without what the broker puts there itself. */
export interface VhostState {
  readonly exchanges: readonly ActualExchange[]
  readonly queues: readonly ActualQueue[]
  readonly bindings: readonly ActualBinding[]
  readonly permissions: readonly PermissionPlan[]
  readonly topicPermissions: readonly TopicPermissionPlan[]
}

export interface ActualExchange {
  readonly name: string
  readonly type: string
  readonly durable: boolean
}

export interface ActualQueue {
  readonly name: string
  readonly durable: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Also those between exchanges, of which a plan has none. */
export interface ActualBinding {
  readonly source: string
  readonly destination: string
  readonly destination_type: 'queue' | 'exchange'
  readonly routing_key: string
  /** Names the binding among those of the same two objects. */
  readonly properties_key: string
}

export async function readVhost(api: ManagementApi, vhost: string): Promise<VhostState> {
  const [exchanges, queues, bindings, permissions, topicPermissions] = await Promise.all([
    api.get<ActualExchange[]>('exchanges', vhost),
    api.get<ActualQueue[]>('queues', vhost),
    api.get<ActualBinding[]>('bindings', vhost),
    api.get<PermissionPlan[]>('vhosts', vhost, 'permissions'),
    api.get<TopicPermissionPlan[]>('vhosts', vhost, 'topic-permissions'),
  ])
  return {
    exchanges: exchanges.filter(({ name }) => name !== '' && !name.startsWith('amq.')),
    queues,
    // The default exchange is bound to every queue, and to nothing else.
    bindings: bindings.filter(({ source }) => source !== ''),
    permissions,
    topicPermissions,
  }
}

/** Bindings that the plan does not have: each is a way for a message that nobody has allowed. */
export function surplusBindings(plan: VhostPlan, state: VhostState): readonly ActualBinding[] {
  const planned = new Set(plan.bindings.map(bindingKey))
  return state.bindings.filter(
    (one) =>
      one.destination_type !== 'queue' ||
      !planned.has(bindingKey({ exchange: one.source, queue: one.destination, routingKey: one.routing_key })),
  )
}

export function missingBindings(plan: VhostPlan, state: VhostState): readonly BindingPlan[] {
  const present = new Set(
    state.bindings
      .filter((one) => one.destination_type === 'queue')
      .map((one) =>
        bindingKey({ exchange: one.source, queue: one.destination, routingKey: one.routing_key }),
      ),
  )
  return plan.bindings.filter((binding) => !present.has(bindingKey(binding)))
}

function bindingKey({ exchange, queue, routingKey }: BindingPlan): string {
  return JSON.stringify([exchange, queue, routingKey])
}
