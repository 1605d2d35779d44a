import type { Storage } from '@posthorn/chassis'
import { allocation } from '@posthorn/contracts'
import {
  type Clock,
  createMessageBus,
  type MessageBus,
  type Middleware,
  type Telemetry,
} from '@posthorn/core'
import { commandHandlers, eventHandlers } from './service-layer/handlers.ts'
import type { Repositories } from './service-layer/unit.ts'

export interface BusParts {
  readonly storage: Pick<Storage<Repositories, 'allocation'>, 'units' | 'outbox'>
  readonly middleware?: readonly Middleware[]
  readonly onError?: (error: unknown, handler: string) => void
  readonly clock?: Clock
  readonly telemetry?: Telemetry | undefined
}

/** The service's message bus: its handlers, on any storage. */
export function allocationBus({ storage, ...options }: BusParts): MessageBus<'allocation'> {
  const { units, outbox } = storage
  const handlers = { commands: commandHandlers, events: eventHandlers }
  return createMessageBus({ domain: allocation, units, outbox, handlers, ...options })
}
