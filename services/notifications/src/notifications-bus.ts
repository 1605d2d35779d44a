import type { Storage } from '@posthorn/chassis'
import { allocation, notifications } from '@posthorn/contracts'
import {
  type Clock,
  createMessageBus,
  type MessageBus,
  type Middleware,
  type Telemetry,
} from '@posthorn/core'
import type { Delivery } from './service-layer/deliver-mail.ts'
import { commandHandlers, eventHandlers, subscriptionHandlers } from './service-layer/handlers.ts'
import type { Repositories } from './service-layer/unit.ts'

export interface BusParts {
  readonly storage: Pick<Storage<Repositories, 'notifications'>, 'units' | 'outbox'>
  readonly dependencies: Delivery
  readonly middleware?: readonly Middleware[]
  readonly onError?: (error: unknown, handler: string) => void
  readonly clock?: Clock
  readonly telemetry?: Telemetry | undefined
}

const { Allocated, Deallocated, BackorderCancelled, OutOfStock } = allocation.events

/** The service's message bus: its handlers, on any storage and with any way to mail. */
export function notificationsBus({ storage, ...options }: BusParts): MessageBus<'notifications', Delivery> {
  return createMessageBus({
    domain: notifications,
    units: storage.units,
    outbox: storage.outbox,
    subscribes: [OutOfStock, Allocated, Deallocated, BackorderCancelled],
    handlers: {
      commands: commandHandlers,
      events: eventHandlers,
      subscriptions: subscriptionHandlers,
    },
    ...options,
  })
}
