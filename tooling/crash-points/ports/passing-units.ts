import { AsyncLocalStorage } from 'node:async_hooks'
import type { Middleware, UnitsOfWork } from '@posthorn/core'
import type { Transaction } from '@posthorn/core/storage'
import type { Failpoint } from '../failpoint.ts'

/** Whose unit of work it is. */
const handling = new AsyncLocalStorage<string>()

/** Reports when a handler's turn comes and when it is over. */
export function passingHandlers(failpoint: Failpoint): Middleware {
  return ({ handler }, next) =>
    handling.run(handler, async () => {
      failpoint.pass(`handling ${handler}`)
      try {
        const result = await next()
        failpoint.pass(`handled ${handler}`)
        return result
      } catch (error) {
        failpoint.pass(`failed ${handler}`)
        throw error
      }
    })
}

/** Units of work that report what the message bus does with them. */
export function passingUnits<R extends object, D extends string>(
  units: UnitsOfWork<R, D>,
  failpoint: Failpoint,
): UnitsOfWork<R, D> {
  return {
    start: (options) => units.start(options),
    run: (work, options) => units.run(work, options),
    begin: async (options) => {
      const transaction = await units.begin(options)
      const pass = (step: string) => failpoint.pass(`${step} ${handling.getStore()}`)
      pass('begun')
      return passingTransaction(transaction, pass)
    },
  }
}

function passingTransaction<R extends object, D extends string>(
  transaction: Transaction<R, D>,
  pass: (step: string) => void,
): Transaction<R, D> {
  const { inbox, outbox } = transaction
  return {
    get unit() {
      return transaction.unit
    },
    get state() {
      return transaction.state
    },
    inbox: {
      claim: async (key, fingerprint) => {
        const claim = await inbox.claim(key, fingerprint)
        pass('claimed')
        return claim
      },
      record: (key, outcome) => inbox.record(key, outcome),
    },
    outbox: {
      add: (...records) => outbox.add(...records),
      strikeOff: async (position) => {
        const struck = await outbox.strikeOff(position)
        pass('struck off')
        return struck
      },
    },
    takeMessages: () => transaction.takeMessages(),
    commit: async () => {
      pass('committing')
      const entries = await transaction.commit()
      pass('committed')
      return entries
    },
    rollback: () => transaction.rollback(),
  }
}
