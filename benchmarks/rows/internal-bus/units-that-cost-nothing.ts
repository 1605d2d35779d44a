import type { UnitOfWork, UnitsOfWork } from '@posthorn/core'
import { type Transaction, unitsOfWork } from '@posthorn/core/storage'
import { domain } from './posthorn-shop.ts'

const nothing = () => undefined

const unit: UnitOfWork<object, 'shop'> = {
  signal: new AbortController().signal,
  attempt: 1,
  send: nothing,
  publish: nothing,
  savepoint: (work) => work(unit),
}

const transaction: Transaction<object, 'shop'> = {
  unit,
  state: 'active',
  inbox: { claim: async () => ({ first: true }), record: nothing },
  outbox: { add: nothing, strikeOff: async () => true },
  takeMessages: () => [],
  commit: async () => [],
  rollback: async () => undefined,
}

/** Units of work without a store: what is left is the bus. */
export function unitsThatCostNothing(): UnitsOfWork<object, 'shop'> {
  return unitsOfWork(domain, async () => transaction)
}
