import { notifications } from '@posthorn/contracts'
import { given } from '@posthorn/core/testing'
import { expect, test } from 'vitest'
import { lineMail, outOfStockMail, withStock } from '../../../src/domain/mails.ts'
import { Notification } from '../../../src/domain/notification.ts'
import { notificationId } from '../../../src/service-layer/notification-id.ts'

const { NotificationFailed, NotificationSent } = notifications.events
const line = { orderId: 'order-1', sku: 'LAMP', qty: 3 }
const id = notificationId('event-1', 'stock@made.com')
const due = () => Notification.due(id, 'stock@made.com', outOfStockMail(line), 'event-1')
const endedAt = '2030-01-01T00:00:00.000Z'

test('a new notification is pending and asks to be mailed', () => {
  const notification = due()
  expect(notification.state).toMatchObject({ status: 'pending', sentAt: null, causedBy: 'event-1' })
  expect(notification.events.map(({ type, payload }) => [type, payload])).toEqual([
    [
      'notifications.MailDue',
      {
        id,
        recipient: 'stock@made.com',
        subject: 'Out of stock for LAMP',
        text: 'Order order-1 waits for 3 of LAMP.',
        stockOf: 'LAMP',
      },
    ],
  ])
})

test('the first ending of its delivery counts', () => {
  const notification = due()
  given(notification)
    .when((one) => one.endDelivery({ text: 'as sent', endedAt, failure: null }))
    .raises(NotificationSent({ id, recipient: 'stock@made.com', causedBy: 'event-1' }))
  given(notification)
    .when((one) => one.endDelivery({ text: 'again', endedAt, failure: 'too late' }))
    .raises()
  expect(notification.state).toMatchObject({ status: 'sent', sentAt: endedAt, text: 'as sent' })
})

test('one that was refused for good has failed and was not sent', () => {
  const notification = due()
  given(notification)
    .when((one) => one.endDelivery({ text: 'x', endedAt, failure: 'no such box' }))
    .raises(NotificationFailed({ id, recipient: 'stock@made.com', reason: 'no such box' }))
  expect(notification.state).toMatchObject({ status: 'failed', sentAt: null })
})

test('its id is the same for the same cause and recipient only', () => {
  expect(notificationId('event-1', 'stock@made.com')).toBe(id)
  expect(notificationId('event-2', 'stock@made.com')).not.toBe(id)
  expect(notificationId('event-1', 'other@made.com')).not.toBe(id)
})

test('the stock is told as far as it is known, and no longer than a mail may be', () => {
  const batches = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ ref: `b${n}`, availableQty: 2 }))
  expect(withStock('Text.', undefined)).toBe('Text.\nstock unknown')
  expect(withStock('Text.', { batches: [] })).toBe('Text.\nCurrent stock: 0 available')
  expect(withStock('Text.', { batches: batches(2) })).toBe('Text.\nCurrent stock: 4 available (b0: 2, b1: 2)')
  expect(withStock('Text.', { batches: batches(5_000) })).toMatch(
    /^Text\.\nCurrent stock: 10000 .* 4990 more\)$/,
  )
})

test('a line is told with its batch, gained or lost', () => {
  const fact = { sku: 'LAMP', qty: 3, batchRef: 'batch-1', version: 1, eventId: 'event-1' }
  expect(lineMail('order-1', { ...fact, kind: 'allocated' })).toMatchObject({
    subject: 'Order order-1: LAMP is allocated',
    text: '3 of LAMP for order order-1 will come from batch batch-1.',
  })
  expect(lineMail('order-1', { ...fact, kind: 'deallocated' })).toMatchObject({
    subject: 'Order order-1: LAMP waits again',
  })
})
