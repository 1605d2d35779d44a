import type { DeliveryFailure } from '../external-bus/delivery-failure.ts'
import type { ExternalBusHealth } from '../external-bus/external-bus.ts'
import type { OutboxDepth, StoredMessage } from '../outbox/outbox.ts'

/**
 * Hears what buses, units of work, relays and drivers do, and makes spans and metrics of it: `@posthorn/core/opentelemetry`
 * has one for OpenTelemetry. Whoever is not given one spends nothing on it.
 *
 * None of its methods may throw, and none may keep what it is given: all of it is for names, counts and durations.
 */
export interface Telemetry {
  /** Something that takes time begins. */
  begin(operation: Operation): Running
  /** Something has happened. */
  note(fact: Fact): void
  /** What can be asked for its state at any time, until the function that this gives is called. */
  watch(source: Source): () => void
}

/** An operation that has begun. */
export interface Running {
  /** W3C trace context for what it causes: the operation's own if it is traced, else the one that it was caused by. */
  readonly traceparent: string | null
  /** Does some of its work: what begins meanwhile, and names no other cause, is part of it. */
  run<T>(work: () => T): T
  /** Only the first call counts. */
  end(outcome?: Outcome): void
}

/** How an operation ended, if not well; a transaction may be rolled back without an error. */
export type Outcome = { readonly error: unknown } | 'rolled-back'

/** A message, without what it says. */
export type Subject = Omit<StoredMessage, 'body'>

/** What takes time. */
export type Operation =
  | {
      /** A handler, with all its tries, transactions and middleware. */
      readonly kind: 'handle'
      readonly message: Subject
      readonly handler: string
      readonly caller: string
      readonly attempt: number
    }
  | {
      /** A unit of work, from its beginning to its commit or rollback. */
      readonly kind: 'transaction'
      readonly domain: string
      /** 2 and more: the one before was in conflict with another unit. */
      readonly attempt: number
    }
  | {
      /** A batch of the outbox on its way to the broker. */
      readonly kind: 'relay'
      readonly messages: readonly Subject[]
    }
  | ({ readonly kind: 'publish'; readonly message: Subject } & Destination)
  | ({
      /** All handlers of one delivery. */
      readonly kind: 'process'
      readonly message: Subject
      readonly queue: string
      readonly attempt: number
    } & Destination)
  | {
      /** A command and the wait for its answer. */
      readonly kind: 'call'
      readonly message: Subject
    }

/** Where in a broker's vhost a message goes, by the contract; no stranger chooses these names. */
export interface Destination {
  readonly system: string
  readonly exchange: string
  readonly routingKey: string
}

/** What happens in no time. */
export type Fact =
  | ({ readonly kind: 'delivery-failed' } & Pick<DeliveryFailure, 'queue' | 'reason' | 'action'>)
  | {
      /** A message came again, and was not applied again. */
      readonly kind: 'repeated'
      readonly type: string
    }
  | {
      /** An outbox entry could not be passed on, or its local handler failed; it will be tried again, or is dead. */
      readonly kind: 'entry-failed'
      readonly to: 'broker' | 'local'
      readonly error: unknown
    }
  | { readonly kind: 'reconnected'; readonly vhost: string }
  | {
      /** Somebody was given a connection of a pool, or waited in vain. */
      readonly kind: 'connection-awaited'
      readonly pool: string
      /** In ms. */
      readonly waited: number
      readonly error?: unknown
    }

/** What has a state. */
export type Source =
  | { readonly kind: 'outbox'; readonly read: () => Promise<OutboxDepth> }
  | { readonly kind: 'external-bus'; readonly read: () => ExternalBusHealth }
  | { readonly kind: 'pool'; readonly name: string; readonly read: () => PoolState }

export interface PoolState {
  readonly used: number
  readonly idle: number
  readonly max: number
  /** How many wait for a connection. */
  readonly pending: number
}
