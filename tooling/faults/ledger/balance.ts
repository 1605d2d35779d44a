import { eventOrder, view } from './events.ts'
import type { Facts, LedgerLine } from './facts.ts'
import { answers, leftovers, processes } from './leftovers.ts'
import { memory } from './memory.ts'
import { notifications } from './notifications.ts'
import { orderLines } from './order-lines.ts'
import { stock } from './stock.ts'
import { mails, subscribers } from './subscribers.ts'

/** All lines of the ledger. */
export function balance(facts: Facts): readonly LedgerLine[] {
  return [
    orderLines,
    stock,
    eventOrder,
    view,
    subscribers,
    notifications,
    mails,
    leftovers,
    answers,
    processes,
    memory,
  ].map((line) => line(facts))
}
