import { type Clock, systemClock } from '../clock.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { Event, Message } from '../messages/message.ts'
import { splitType } from '../messages/names.ts'
import type { OutboxRecord } from '../outbox/outbox.ts'
import { brokerRecord, COMMAND_HANDLER, foreignMessage, localRecord } from '../outbox/outbox-record.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { observedTransactions } from './observed-transactions.ts'
import { retryConflicts } from './retry-conflicts.ts'
import type { RetryPolicy, Transaction, UnitControl, UnitOfWork, UnitsOfWork } from './unit-of-work.ts'

/** How `run` retries, and who hears of transactions. */
export interface UnitsOptions {
  /** For `run`. */
  readonly retry?: RetryPolicy | undefined
  readonly clock?: Clock | undefined
  /** From 0 up to 1, for the pauses between tries. */
  readonly random?: (() => number) | undefined
  readonly telemetry?: Telemetry | undefined
}

/** Units of work over what a store begins. What such a unit, outside the bus, raises and sends goes into the outbox. */
export function unitsOfWork<R extends object, D extends string>(
  domain: Domain<D>,
  beginInStore: UnitsOfWork<R, D>['begin'],
  { retry, clock = systemClock, random = Math.random, telemetry }: UnitsOptions = {},
): UnitsOfWork<R, D> {
  const begin =
    telemetry === undefined ? beginInStore : observedTransactions(telemetry, domain.name, beginInStore)
  const commit = async (transaction: Transaction<R, D>): Promise<readonly Message[]> => {
    try {
      const messages = transaction.takeMessages()
      transaction.outbox.add(...messages.flatMap((message) => outboxRecord(domain, message) ?? []))
      await transaction.commit()
      return messages
    } catch (error) {
      await transaction.rollback()
      throw error
    }
  }

  return {
    begin,
    start: async (options) => controlled(await begin(options), commit),
    run: async (work, { retry: policy = retry, ...options } = {}) =>
      retryConflicts(
        policy,
        clock,
        async (attempt) => {
          const transaction = await begin({ ...options, attempt })
          try {
            const result = await work(transaction.unit)
            await commit(transaction)
            return result
          } finally {
            await transaction.rollback()
          }
        },
        random,
      ),
  }
}

function controlled<R extends object, D extends string>(
  transaction: Transaction<R, D>,
  commit: (transaction: Transaction<R, D>) => Promise<readonly Message[]>,
): UnitOfWork<R, D> & UnitControl {
  let events: readonly Event[] = []
  const control: Omit<UnitControl, 'state'> = {
    commit: async () => {
      const messages = await commit(transaction)
      events = messages.filter((message): message is Event => message.kind === 'event')
    },
    rollback: () => transaction.rollback(),
    collectNewEvents: () => {
      const collected = events
      events = []
      return collected
    },
    [Symbol.asyncDispose]: () => transaction.rollback(),
  }
  // Inherits from the unit instead of copying it, for reading a repository would make it.
  return Object.create(transaction.unit, {
    ...Object.getOwnPropertyDescriptors(control),
    state: { get: () => transaction.state },
  })
}

/** Undefined when nobody but this unit hears of it: a private event has no handlers outside the bus. */
function outboxRecord(domain: Domain, message: Message): OutboxRecord | undefined {
  const { domain: of, name } = splitType(message.type)
  const own = of === domain.name
  if (message.kind === 'command') {
    return own ? localRecord(message, COMMAND_HANDLER, 0) : brokerRecord(message, 0)
  }
  const definition = own && Object.hasOwn(domain.events, name) ? domain.events[name] : undefined
  if (definition === undefined) throw foreignMessage(message, domain.name)
  return definition.private ? undefined : brokerRecord(message, 0)
}
