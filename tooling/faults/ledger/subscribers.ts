import type { Facts, LedgerLine } from './facts.ts'

const TOLD = new Set(['OutOfStock', 'Allocated', 'Deallocated', 'BackorderCancelled'])

/** Each event was applied once by the notifications service, and heard at least once by the warehouse. */
export function subscribers({
  events,
  inbox,
  warehouse,
}: Pick<Facts, 'events' | 'inbox' | 'warehouse'>): LedgerLine {
  const differences: string[] = []
  const taken = new Map<string, number>()
  for (const { service, source, messageId, consumer } of inbox) {
    if (service !== 'notifications' || source !== 'allocation' || consumer === 'commands') continue
    taken.set(messageId, (taken.get(messageId) ?? 0) + 1)
  }
  const expected = events.filter(({ type }) => TOLD.has(type))
  for (const { id, type } of expected) {
    if (taken.get(id) !== 1) differences.push(`${type} ${id} was applied ${taken.get(id) ?? 0} times`)
    taken.delete(id)
  }
  for (const id of taken.keys()) differences.push(`${id} was applied, and never told`)
  const heard = new Set(warehouse)
  const lost = events.filter(({ type, id }) => type === 'Deallocated' && !heard.has(id))
  differences.push(...lost.map(({ id }) => `the warehouse has not heard Deallocated ${id}`))
  return { name: 'each event applied once by its subscribers', checked: expected.length, differences }
}

/** Each notification left as a mail, under one Message-ID however often. */
export function mails({
  notifications: rows,
  mails: caught,
}: Pick<Facts, 'notifications' | 'mails'>): LedgerLine {
  const sent = new Set(caught.map(({ messageId, to }) => `${messageId.slice(1, 37)} ${to}`))
  const differences: string[] = []
  for (const { id, recipient } of rows) {
    if (!sent.delete(`${id} ${recipient}`)) differences.push(`the mail ${id} to ${recipient} was never sent`)
  }
  for (const mail of sent) differences.push(`the mail ${mail} belongs to no notification`)
  return { name: 'each mail once by its Message-ID', checked: rows.length, differences }
}
