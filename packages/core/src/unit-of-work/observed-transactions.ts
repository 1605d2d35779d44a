import { inTrace } from '../telemetry/during.ts'
import type { Running, Telemetry } from '../telemetry/telemetry.ts'
import type { Transaction, UnitsOfWork } from './unit-of-work.ts'

type Begin<R extends object, D extends string> = UnitsOfWork<R, D>['begin']

/** Has telemetry hear of each transaction, from its beginning to its end. */
export function observedTransactions<R extends object, D extends string>(
  telemetry: Telemetry,
  domain: string,
  begin: Begin<R, D>,
): Begin<R, D> {
  return async (options) => {
    const running = telemetry.begin({ kind: 'transaction', domain, attempt: options?.attempt ?? 1 })
    try {
      return observed(await running.run(() => begin(options)), running)
    } catch (error) {
      running.end({ error })
      throw error
    }
  }
}

function observed<R extends object, D extends string>(
  transaction: Transaction<R, D>,
  running: Running,
): Transaction<R, D> {
  const { unit, inbox, outbox } = transaction
  return {
    unit,
    inbox,
    outbox,
    get state() {
      return transaction.state
    },
    // Outside the bus nobody but the unit knows what caused them.
    takeMessages: () =>
      transaction
        .takeMessages()
        .map((message) => (message.traceparent === null ? inTrace(message, running) : message)),
    commit: async () => {
      try {
        const entries = await running.run(() => transaction.commit())
        running.end()
        return entries
      } catch (error) {
        running.end({ error })
        throw error
      }
    },
    rollback: async () => {
      await transaction.rollback()
      running.end('rolled-back')
    },
  }
}
