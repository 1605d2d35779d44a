import { allocation, notifications, system } from '@posthorn/contracts'
import type { CommandDefinition, EventDefinition } from '@posthorn/core'
import type { SystemPlan } from '@posthorn/core/transport'
import type { FieldKind } from './field-values.ts'

/** A place into which somebody may put messages for one of the services, and one message that belongs there. */
export interface Door {
  readonly what: string
  readonly user: string
  /** In whose vhost it is. */
  readonly domain: string
  readonly exchange: string
  readonly routingKey: string
  /** Where it leads. */
  readonly queue: string
  /** Whether the sender waits for an answer. */
  readonly answered: boolean
  /** Of a copy that the queue's reader makes for itself: who is said to have sent the original. */
  readonly originalUser: string | undefined
  readonly kind: 'command' | 'event'
  readonly definition: CommandDefinition | EventDefinition
}

type CommandNames = keyof typeof allocation.commands | keyof typeof notifications.commands
type Fields = Readonly<Record<string, FieldKind>>

const line: Fields = { orderId: 'reference', sku: 'reference', qty: 'quantity' }
const versioned: Fields = { ...line, version: 'version' }

/** What each message consists of. Nobody outside may send `RebuildAllocations`. */
export const FIELDS: Readonly<Record<Exclude<CommandNames, 'RebuildAllocations'>, Fields>> & {
  readonly [event: string]: Fields
} = {
  CreateBatch: { ref: 'reference', sku: 'reference', qty: 'quantity', eta: 'date?' },
  ChangeBatchQuantity: { ref: 'reference', qty: 'quantityOrNone', expected: 'stocks?' },
  Allocate: { ...line, notify: 'email?' },
  CancelLine: { orderId: 'reference', sku: 'reference' },
  GetProduct: { sku: 'reference' },
  Watch: { orderId: 'reference', email: 'email' },
  Notify: { recipient: 'email', subject: 'subject', text: 'mailText' },
  OutOfStock: versioned,
  Allocated: { ...versioned, batchRef: 'reference' },
  Deallocated: { ...versioned, batchRef: 'reference', reason: 'reason' },
  BackorderCancelled: versioned,
}

const domains = { allocation, notifications }

/** All doors to the queues that the two services read, from the plan and the contracts. */
export function doorsOf({ vhosts }: SystemPlan): readonly Door[] {
  return vhosts.flatMap(({ owner, bindings }) => {
    const { commands, events } = domains[owner as keyof typeof domains]
    return bindings.flatMap(({ exchange, queue, routingKey }): Door[] => {
      const door = { domain: owner, exchange, routingKey, queue, answered: false, originalUser: undefined }
      const [, prefix = '', name = ''] = /^(cmd|call|evt)\.(\w+)$/.exec(routingKey) ?? []
      if (prefix === 'evt') {
        if (!isServiceQueue(queue)) return []
        const definition = events[name as keyof typeof events]
        return [{ ...door, what: `${owner}'s event ${name}`, user: owner, kind: 'event', definition }]
      }
      if (prefix !== '') {
        const user = exchange.replace('x.cmd.', '')
        const answered = prefix === 'call'
        const definition = commands[name as keyof typeof commands]
        const what = `${user} ${answered ? 'calls' : 'sends'} ${name}`
        return [{ ...door, what, user, answered, kind: 'command', definition }]
      }
      if (routingKey !== queue || !/(^|\.)q\.(commands|events)$/.test(queue) || !isServiceQueue(queue))
        return []
      const subscriber = queue === 'q.commands' ? owner : queue.replace('.q.events', '')
      const definition = subscriber === owner ? firstCommand(owner) : firstSubscription(subscriber)
      const originalUser = 'allow' in definition ? definition.allow[0] : owner
      const kind = 'allow' in definition ? 'command' : 'event'
      const what = `${subscriber}'s copy in ${owner}'s ${queue}`
      return [{ ...door, what, user: subscriber, kind, definition, originalUser }]
    })
  })
}

/** Clients read their own queues; they are no services of ours. */
function isServiceQueue(queue: string): boolean {
  return !queue.endsWith('.q.events') || queue.replace('.q.events', '') in domains
}

function firstCommand(domain: string): CommandDefinition {
  return Object.values(domains[domain as keyof typeof domains].commands)[0] as CommandDefinition
}

function firstSubscription(subscriber: string): EventDefinition {
  return system.subscriptions.get(subscriber)?.[0] as EventDefinition
}

export function nameOf({ definition }: Door): string {
  return definition.type.slice(definition.type.indexOf('.') + 1)
}
