import { setTimeout as delay } from 'node:timers/promises'
import { bootstrap as bootstrapAllocation, loadConfig as loadAllocationConfig } from '@posthorn/allocation'
import { inMemoryStorage as allocationStorage } from '@posthorn/allocation/in-memory'
import { allocation, notifications, system } from '@posthorn/contracts'
import { startRun } from '@posthorn/core/testing'
import {
  bootstrap as bootstrapNotifications,
  loadConfig as loadNotificationsConfig,
} from '@posthorn/notifications'
import { inMemoryStorage as notificationsStorage } from '@posthorn/notifications/in-memory'
import { afterEach, describe, expect, test } from 'vitest'

const { Allocate, ChangeBatchQuantity, GetProduct } = allocation.commands
const { BatchCreated, Deallocated, OutOfStock } = allocation.events
const { MailDue, NotificationSent } = notifications.events

interface Sent {
  readonly recipient: string
  readonly subject: string
  readonly text: string
}

const environment = {
  POSTHORN_AMQP_URL: 'amqp://not-used',
  DATABASE_URL: 'postgres://not-used',
  SMTP_URL: 'smtp://not-used',
  ALLOCATION_PORT: '0',
  NOTIFICATIONS_PORT: '0',
  LOG_LEVEL: 'silent',
}

/** Both services as their `main` runs them, with a mail server that does what `deliver` does. */
async function startBoth(deliver: (mail: Sent) => void | Promise<void>) {
  const run = await startRun({
    system,
    services: {
      allocation: async ({ store, externalBus, clock }) => {
        const storage = allocationStorage(store)
        const config = loadAllocationConfig(environment)
        return {
          ...(await bootstrapAllocation(config, { storage, externalBus, clock })),
          outbox: storage.outbox,
        }
      },
      notifications: async ({ store, externalBus, clock }) => {
        const storage = notificationsStorage(store)
        const config = loadNotificationsConfig(environment)
        const mailer = {
          send: async (mail: Sent) => {
            await deliver(mail)
            return { refused: null }
          },
        }
        return {
          ...(await bootstrapNotifications(config, { storage, externalBus, mailer, clock })),
          outbox: storage.outbox,
        }
      },
    },
  })
  const post = async (url: string, payload: object) =>
    (await run.services.allocation.http.inject({ method: 'POST', url, payload })).statusCode
  return { run, post }
}

type Started = Awaited<ReturnType<typeof startBoth>>
const started: Started[] = []
const start = async (deliver: (mail: Sent) => void | Promise<void>) => {
  const both = await startBoth(deliver)
  started.push(both)
  return both
}
afterEach(() => Promise.all(started.splice(0).map(({ run }) => run.stop())))

const line = { orderId: 'order-1', sku: 'LAMP', qty: 3 }

describe('both services in one process, without a server', () => {
  test('a line that waits for stock is told to the desk, with the stock of the moment', async () => {
    const mails: Sent[] = []
    const { run, post } = await start((mail) => void mails.push(mail))
    expect(await post('/batches', { ref: 'batch-1', sku: 'LAMP', qty: 2 })).toBe(201)
    expect(await post('/allocations', line)).toBe(202)
    await run.settled()

    expect(run.published(BatchCreated)).toHaveLength(1)
    expect(run.published(OutOfStock)).toEqual([{ ...line, version: 2 }])
    expect(run.handled(OutOfStock)).toMatchObject([{ handler: 'allocation.OutOfStock/tellStockDesk' }])
    expect(run.sent(GetProduct)).toEqual([{ sku: 'LAMP' }])
    expect(run.published(NotificationSent)).toMatchObject([{ recipient: 'stock@made.com' }])
    expect(mails).toMatchObject([
      { subject: 'Out of stock for LAMP', text: expect.stringContaining('batch-1: 2') },
    ])
  })

  test('whoever watches an order hears of each of its turns, in one chain of messages', async () => {
    const mails: Sent[] = []
    const { run, post } = await start((mail) => void mails.push(mail))
    await post('/batches', { ref: 'batch-1', sku: 'LAMP', qty: 3 })
    await post('/allocations', { ...line, notify: 'ann@example.com' })
    await run.settled()
    const [asked] = run.handled(Allocate)
    const told = run.handled(MailDue).map(({ message }) => message.correlationId)
    expect(told).toEqual([asked?.message.correlationId])

    await run.as('warehouse').call(ChangeBatchQuantity({ ref: 'batch-1', qty: 1 }))
    await run.settled()
    expect(run.published(Deallocated)).toMatchObject([{ orderId: 'order-1', reason: 'released' }])
    const subjects = mails.map(({ recipient, subject }) => `${recipient}: ${subject}`)
    expect(subjects.toSorted()).toEqual([
      'ann@example.com: Order order-1: LAMP is allocated',
      'ann@example.com: Order order-1: LAMP waits again',
      'stock@made.com: Out of stock for LAMP',
    ])
  })

  test('a mail server that is away for five minutes holds up a mail, and the test a moment', async () => {
    let away = true
    const mails: Sent[] = []
    const { run, post } = await start((mail) => {
      if (away) throw new Error('connect ECONNREFUSED')
      mails.push(mail)
    })
    await post('/batches', { ref: 'batch-1', sku: 'LAMP', qty: 2 })
    await post('/allocations', line)
    await run.clock.advance(300_000)
    expect(mails).toEqual([])
    away = false
    await run.settled({ mayFail: true })
    expect(mails).toHaveLength(1)
    expect(run.failed(MailDue).length).toBeGreaterThan(9)
    expect(await run.deadLetters()).toEqual([])
  })

  test('a handler that waits for something real is given its time', async () => {
    const mails: Sent[] = []
    const { run, post } = await start(async (mail) => {
      await delay(40)
      mails.push(mail)
    })
    await post('/batches', { ref: 'batch-1', sku: 'LAMP', qty: 2 })
    await post('/allocations', line)
    await run.settled()
    expect(mails).toHaveLength(1)
  })
})
