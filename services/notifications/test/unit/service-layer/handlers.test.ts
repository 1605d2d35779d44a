import { allocation, notifications } from '@posthorn/contracts'
import { given } from '@posthorn/core/testing'
import { describe, expect, test } from 'vitest'
import { InMemoryMailer } from '../../../src/adapters/in-memory-mailer.ts'
import { inMemoryStorage } from '../../../src/adapters/in-memory-storage.ts'
import { WatchedOrder } from '../../../src/domain/watched-order.ts'
import { commandHandlers, eventHandlers, subscriptionHandlers } from '../../../src/service-layer/handlers.ts'
import type { Repositories } from '../../../src/service-layer/unit.ts'

const { Allocated, OutOfStock } = allocation.events
const { DeliveryEnded, MailDue } = notifications.events
const { deliverMail } = eventHandlers.MailDue
const line = { orderId: 'order-1', sku: 'LAMP', qty: 3 }

describe('what is to be mailed', () => {
  test('of an event is due once, however often it comes', async () => {
    const { units } = inMemoryStorage()
    const { tellStockDesk } = subscriptionHandlers['allocation.OutOfStock']
    const event = OutOfStock({ ...line, version: 2 })
    const then = await given(units).when(tellStockDesk, event)
    expect(then.raised(MailDue)).toMatchObject([{ recipient: 'stock@made.com', stockOf: 'LAMP' }])
    ;(await given(units).when(tellStockDesk, event)).raises()
  })

  test('of an order is due to each of its watchers', async () => {
    const watched = ({ orders }: Repositories) =>
      orders.add(new WatchedOrder('order-1', ['ann@x.org', 'bob@x.org']))
    const { tellWatchers } = subscriptionHandlers['allocation.Allocated']
    const event = Allocated({ ...line, batchRef: 'batch-1', version: 2 })
    const then = await given(inMemoryStorage().units, watched).when(tellWatchers, event)
    const recipients = then.raised(MailDue).map(({ recipient }) => recipient)
    expect(recipients.toSorted()).toEqual(['ann@x.org', 'bob@x.org'])
  })

  test('of an order that nobody knows yet is nothing to who begins to watch it', async () => {
    const command = notifications.commands.Watch({ orderId: 'order-1', email: 'ann@x.org' })
    const then = await given(inMemoryStorage().units).when(commandHandlers.Watch, command)
    then.gives({ watching: true }).raises()
  })
})

describe('delivering a mail', () => {
  const due = MailDue({
    id: '0199c2a0-0000-8000-a000-000000000000',
    recipient: 'stock@made.com',
    subject: 'Out of stock for LAMP',
    text: 'Order order-1 waits for 3 of LAMP.',
    stockOf: 'LAMP',
  })
  const deliver = (mailer: InMemoryMailer, call: () => Promise<unknown>) =>
    given(inMemoryStorage().units).when(deliverMail, due, {
      dependencies: { mailer, externalBus: { call: call as never } },
    })
  const stock = async () => ({ batches: [{ ref: 'batch-1', availableQty: 2 }] })

  test('tells the stock as it is now, and that it has ended', async () => {
    const mailer = new InMemoryMailer()
    const then = await deliver(mailer, stock)
    expect(mailer.sent).toMatchObject([{ text: expect.stringContaining('2 available (batch-1: 2)') }])
    expect(then.raised(DeliveryEnded)).toMatchObject([{ id: due.payload.id, failure: null }])
  })

  test('goes ahead when nobody can tell the stock', async () => {
    const mailer = new InMemoryMailer()
    await deliver(mailer, () => Promise.reject(new Error('no answer')))
    expect(mailer.sent).toMatchObject([{ text: expect.stringMatching(/stock unknown$/) }])
  })

  test('that is refused for good has ended, and one that is refused for now has not', async () => {
    const mailer = new InMemoryMailer()
    mailer.refusals.push('for good', 'for now')
    const refused = await deliver(mailer, stock)
    expect(refused.raised(DeliveryEnded)).toMatchObject([{ failure: 'the mail server answered 550' }])
    const later = await deliver(mailer, stock)
    expect(later.error).toMatchObject({ message: 'The mail server answered 451' })
    expect(later.messages).toEqual([])
  })
})
