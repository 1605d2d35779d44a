import type { BindingPlan, PermissionPlan, TopicPermissionPlan, VhostPlan } from '@posthorn/core/transport'
import type { ManagementApi } from './management-api.ts'

/** What is in a vhost now, without what the broker puts there itself. */
export interface VhostState {
  readonly exchanges: readonly ActualExchange[]
  readonly queues: readonly ActualQueue[]
  readonly bindings: readonly ActualBinding[]
  readonly permissions: readonly PermissionPlan[]
  readonly topicPermissions: readonly TopicPermissionPlan[]
  /** A plan has none: they would alter its queues and exchanges. Operators' too. */
  readonly policies: readonly { readonly name: string }[]
  /** Of the vhost as a whole. */
  readonly limits: Readonly<Record<string, number>>
}

export interface ActualExchange {
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly auto_delete: boolean
  readonly internal: boolean
  readonly arguments: Readonly<Record<string, unknown>>
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
  const [exchanges, queues, bindings, permissions, topicPermissions, policies, operators, limits] =
    await Promise.all([
      api.get<ActualExchange[]>('exchanges', vhost),
      api.get<ActualQueue[]>('queues', vhost),
      api.get<ActualBinding[]>('bindings', vhost),
      api.get<PermissionPlan[]>('vhosts', vhost, 'permissions'),
      api.get<TopicPermissionPlan[]>('vhosts', vhost, 'topic-permissions'),
      api.get<{ name: string }[]>('policies', vhost),
      api.get<{ name: string }[]>('operator-policies', vhost),
      api.get<{ value: Readonly<Record<string, number>> }[]>('vhost-limits', vhost),
    ])
  return {
    exchanges: exchanges.filter(({ name }) => name !== '' && !name.startsWith('amq.')),
    queues,
    // The default exchange is bound to every queue, and to nothing else.
    bindings: bindings.filter(({ source }) => source !== ''),
    permissions,
    topicPermissions,
    policies: [...policies, ...operators],
    limits: limits[0]?.value ?? {},
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
