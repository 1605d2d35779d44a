import { type allocation, notifications } from '@posthorn/contracts'
import { detached, type MessageOf } from '@posthorn/core'
import { lineMail, type Mail, outOfStockMail } from '../domain/mails.ts'
import { Notification } from '../domain/notification.ts'
import { type Fact, WatchedOrder } from '../domain/watched-order.ts'
import { deliverMail } from './deliver-mail.ts'
import { notificationId } from './notification-id.ts'
import type { Unit } from './unit.ts'

const { commands, events } = notifications
type Allocation = typeof allocation.events

const STOCK_DESK = 'stock@made.com'

async function watch({ payload }: MessageOf<typeof commands.Watch>, unit: Unit) {
  const { orderId, email } = payload
  const order = await orderOf(orderId, unit)
  for (const fact of order.watch(email)) await notify(email, lineMail(orderId, fact), fact.eventId, unit)
  return { watching: true as const }
}

async function notifyByCommand({ id, payload }: MessageOf<typeof commands.Notify>, unit: Unit) {
  const { recipient, subject, text } = payload
  return { id: await notify(recipient, { subject, text, stockOf: null }, id, unit) }
}

async function tellStockDesk({ id, payload }: MessageOf<Allocation['OutOfStock']>, unit: Unit) {
  await notify(STOCK_DESK, outOfStockMail(payload), id, unit)
}

const tellAllocated = ({ id, payload }: MessageOf<Allocation['Allocated']>, unit: Unit) =>
  tellWatchers(payload.orderId, { kind: 'allocated', ...payload, eventId: id }, unit)

const tellDeallocated = ({ id, payload }: MessageOf<Allocation['Deallocated']>, unit: Unit) => {
  const kind = payload.reason === 'cancelled' ? 'cancelled' : 'deallocated'
  return tellWatchers(payload.orderId, { kind, ...payload, eventId: id }, unit)
}

const tellCancelled = ({ id, payload }: MessageOf<Allocation['BackorderCancelled']>, unit: Unit) =>
  tellWatchers(payload.orderId, { kind: 'cancelled', ...payload, batchRef: null, eventId: id }, unit)

async function tellWatchers(orderId: string, fact: Fact, unit: Unit) {
  const order = await orderOf(orderId, unit)
  for (const email of order.learn(fact)) await notify(email, lineMail(orderId, fact), fact.eventId, unit)
}

async function endDelivery({ payload }: MessageOf<typeof events.DeliveryEnded>, unit: Unit) {
  const notification = await unit.notifications.get(payload.id, { lock: 'update' })
  notification?.endDelivery(payload)
}

async function notify(recipient: string, mail: Mail, causedBy: string, unit: Unit): Promise<string> {
  const id = notificationId(causedBy, recipient)
  const known = await unit.notifications.get(id)
  if (known === undefined) await unit.notifications.append(Notification.due(id, recipient, mail, causedBy))
  return id
}

async function orderOf(orderId: string, unit: Unit): Promise<WatchedOrder> {
  const known = await unit.orders.get(orderId, { lock: 'update' })
  if (known !== undefined) return known
  const order = new WatchedOrder(orderId)
  unit.orders.add(order)
  return order
}

export const commandHandlers = { Watch: watch, Notify: notifyByCommand }

export const subscriptionHandlers = {
  'allocation.OutOfStock': { tellStockDesk },
  'allocation.Allocated': { tellWatchers: tellAllocated },
  'allocation.Deallocated': { tellWatchers: tellDeallocated },
  'allocation.BackorderCancelled': { tellWatchers: tellCancelled },
}

export const eventHandlers = {
  MailDue: { deliverMail: detached(deliverMail) },
  DeliveryEnded: { endDelivery },
}
