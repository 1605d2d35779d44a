import { allocation, notifications } from '@posthorn/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  fresh,
  type MakeStorage,
  type RunningNotifications,
  someone,
  startNotifications,
  tellStock,
} from './notifications-service.ts'

const { Allocated, BackorderCancelled, Deallocated, OutOfStock } = allocation.events
const { Notify, Watch } = notifications.commands

/** Who is told what, on any storage. */
export function tellingBehaviour(makeStorage: MakeStorage): void {
  let running: RunningNotifications

  beforeAll(async () => {
    running = await startNotifications(makeStorage)
  })
  afterAll(async () => {
    await running?.stop()
  })

  const mails = (matches: { recipient?: string; subject?: string }) =>
    running.mailer.sent.filter(
      ({ recipient, subject }) =>
        (matches.recipient === undefined || recipient === matches.recipient) &&
        (matches.subject === undefined || subject === matches.subject),
    )
  const listed = async (query: string) => {
    const { body } = await running.service.http.inject(`/notifications?${query}`)
    return JSON.parse(body) as {
      items: { id: string; status: string; text: string; sentAt: string | null }[]
    }
  }
  const settled = () => running.run.settled()
  const watch = (orderId: string, email: string) => running.allocation.call(Watch({ orderId, email }))
  const line = () => ({ orderId: fresh('order'), sku: fresh('LAMP'), qty: 3 })
  const allocated = (on: ReturnType<typeof line>, version: number, batchRef = 'batch-1') =>
    Allocated({ ...on, batchRef, version })

  describe('out of stock', () => {
    test('COS-21 sends one mail to the stock desk, with order, quantity and stock', async () => {
      const { orderId, sku, qty } = line()
      const event = OutOfStock({ orderId, sku, qty, version: 3 })
      await running.allocation.publish(event)
      await running.allocation.publish(event)
      const subject = `Out of stock for ${sku}`
      await settled()
      expect(mails({ subject })).toMatchObject([
        {
          recipient: 'stock@made.com',
          text: `Order ${orderId} waits for 3 of ${sku}.\nCurrent stock: 3 available (batch-1: 2, batch-2: 1)`,
        },
      ])
    })

    test('says "stock unknown" when nobody can tell', async () => {
      running.run.answer(allocation.commands.GetProduct, () => Promise.reject(new Error('no database')))
      const { orderId, sku, qty } = line()
      await running.allocation.publish(OutOfStock({ orderId, sku, qty, version: 3 }))
      const subject = `Out of stock for ${sku}`
      await settled()
      running.run.answer(allocation.commands.GetProduct, tellStock)
      expect(mails({ subject })[0]?.text).toMatch(/\nstock unknown$/)
    })
  })

  describe('watching an order', () => {
    test('tells each watcher once, whether the watch or the event came first', async () => {
      const on = line()
      const [early, late] = [someone(), someone()]
      const event = allocated(on, 2)
      await watch(on.orderId, early)
      await running.allocation.publish(event)
      await settled()
      await watch(on.orderId, late)
      await settled()
      await running.allocation.publish(event)
      await settled()
      for (const recipient of [early, late]) {
        expect(mails({ recipient })).toMatchObject([
          { subject: `Order ${on.orderId}: ${on.sku} is allocated` },
        ])
      }
    })

    test('watching again sends nothing again', async () => {
      const on = line()
      const email = someone()
      await watch(on.orderId, email)
      await running.allocation.publish(allocated(on, 2))
      await settled()
      expect(await watch(on.orderId, email)).toEqual({ watching: true })
      await settled()
      expect(mails({ recipient: email })).toHaveLength(1)
    })

    test('a late watcher is told the latest of each line, and no more', async () => {
      const on = line()
      const other = { ...on, sku: fresh('CHAIR') }
      const [early, late] = [someone(), someone()]
      const latest = [
        `Order ${on.orderId}: ${on.sku} waits again`,
        `Order ${on.orderId}: ${other.sku} is allocated`,
      ]
      await watch(on.orderId, early)
      await running.allocation.publish(allocated(on, 2))
      await running.allocation.publish(
        Deallocated({ ...on, batchRef: 'batch-1', reason: 'released', version: 3 }),
      )
      await running.allocation.publish(allocated(other, 9, 'batch-9'))
      await settled()
      await watch(on.orderId, late)
      await settled()
      expect(
        mails({ recipient: late })
          .map(({ subject }) => subject)
          .sort(),
      ).toEqual(latest.sort())
    })

    test('an event that was overtaken by a later one of its line is not told', async () => {
      const on = line()
      const email = someone()
      await watch(on.orderId, email)
      await running.allocation.publish(allocated(on, 4, 'batch-new'))
      await settled()
      await running.allocation.publish(allocated(on, 2, 'batch-old'))
      await settled()
      expect(mails({ recipient: email }).map(({ text }) => text)).toEqual([
        `3 of ${on.sku} for order ${on.orderId} will come from batch batch-new.`,
      ])
    })
  })

  describe('a line that is cancelled', () => {
    const released = (on: ReturnType<typeof line>, version: number) =>
      Deallocated({ ...on, batchRef: 'batch-1', reason: 'released', version })
    const cancelled = (on: ReturnType<typeof line>, version: number) =>
      Deallocated({ ...on, batchRef: 'batch-1', reason: 'cancelled', version })
    const backorderCancelled = (on: ReturnType<typeof line>, version: number) =>
      BackorderCancelled({ ...on, version })
    const told = (recipient: string) => mails({ recipient }).map(({ subject, text }) => [subject, text])

    test('is told, and not in the words for one that waits again', async () => {
      const [on, email] = [line(), someone()]
      await watch(on.orderId, email)
      await running.allocation.publish(cancelled(on, 3))
      await settled()
      expect(told(email)).toEqual([
        [
          `Order ${on.orderId}: ${on.sku} is cancelled`,
          `3 of ${on.sku} for order ${on.orderId} are cancelled and will not come.`,
        ],
      ])
    })

    test('while it waited is told in the same words', async () => {
      const [on, email] = [line(), someone()]
      await watch(on.orderId, email)
      await running.allocation.publish(BackorderCancelled({ ...on, version: 4 }))
      await settled()
      expect(told(email).map(([subject]) => subject)).toEqual([`Order ${on.orderId}: ${on.sku} is cancelled`])
    })

    test('is nothing to a late watcher: he has asked for it anew, or has cancelled it himself', async () => {
      for (const last of [cancelled, backorderCancelled]) {
        const [on, early, late] = [line(), someone(), someone()]
        await watch(on.orderId, early)
        await running.allocation.publish(released(on, 3))
        await settled()
        await running.allocation.publish(last(on, 4))
        await settled()
        await watch(on.orderId, late)
        await running.allocation.publish(OutOfStock({ ...on, version: 5 }))
        await settled()
        expect(told(late)).toEqual([])
        await running.allocation.publish(allocated(on, 6))
        await settled()
        expect(told(late).map(([subject]) => subject)).toEqual([
          `Order ${on.orderId}: ${on.sku} is allocated`,
        ])
      }
    })

    test('and asked for anew is told anew, and nothing older is told any more', async () => {
      const [on, email] = [line(), someone()]
      await watch(on.orderId, email)
      const events = [allocated(on, 2), cancelled(on, 3), allocated(on, 5, 'batch-2')]
      for (const event of events) {
        await running.allocation.publish(event)
        await settled()
      }
      for (const older of [released(on, 4), backorderCancelled(on, 4), cancelled(on, 3), allocated(on, 2)]) {
        await running.allocation.publish(older)
      }
      await settled()
      const texts = told(email).map(([, text]) => text)
      expect(texts).toHaveLength(3)
      expect(texts.at(-1)).toContain('batch-2')
    })
  })

  describe('Notify', () => {
    test('sends what it is told, and gives the id under which the mail is listed', async () => {
      const recipient = someone()
      const command = Notify({ recipient, subject: 'Hello', text: 'Line 1\nLine 2' })
      const { id } = await running.allocation.call(command)
      await settled()
      expect(mails({ recipient })).toMatchObject([{ id, subject: 'Hello', text: 'Line 1\nLine 2' }])
      expect(await listed(`recipient=${recipient}`)).toMatchObject({
        items: [{ id, status: 'sent', sentAt: expect.any(String), causedBy: command.id }],
        next: null,
      })
    })
  })

  describe('the mail server', () => {
    test('that refuses for now is asked again, with the same id', async () => {
      const recipient = someone()
      running.mailer.refusals.push('for now', 'for now')
      const { id } = await running.allocation.call(Notify({ recipient, subject: 'Hello', text: 'Again' }))
      await running.run.settled({ mayFail: true, deadline: 8_000 })
      expect(mails({ recipient })).toMatchObject([{ id }])
    })

    test('that accepted without our knowing gets the same mail again, and it is listed once', async () => {
      const recipient = someone()
      running.mailer.refusals.push('silently accepted')
      const { id } = await running.allocation.call(Notify({ recipient, subject: 'Hello', text: 'Twice' }))
      await running.run.settled({ mayFail: true, deadline: 8_000 })
      expect(mails({ recipient })).toMatchObject([{ id }, { id }])
      expect(await listed(`recipient=${recipient}`)).toMatchObject({ items: [{ id, status: 'sent' }] })
    })

    test('that refuses for good is not asked again', async () => {
      const recipient = someone()
      running.mailer.refusals.push('for good')
      await running.allocation.call(Notify({ recipient, subject: 'Hello', text: 'Never' }))
      await settled()
      expect(await listed(`recipient=${recipient}`)).toMatchObject({
        items: [{ status: 'failed', sentAt: null }],
      })
      expect(mails({ recipient })).toEqual([])
    })
  })

  describe('GET /notifications', () => {
    test('goes on after the last item of a page, and ends with null', async () => {
      const recipient = someone()
      const ids: string[] = []
      for (const n of [1, 2, 3]) {
        ids.push((await running.allocation.call(Notify({ recipient, subject: `${n}`, text: 'x' }))).id)
      }
      const first = await listed(`recipient=${recipient}&limit=2`)
      expect(first).toMatchObject({ items: [{ id: ids[0] }, { id: ids[1] }], next: ids[1] })
      const last = await listed(`recipient=${recipient}&limit=2&after=${ids[1]}`)
      expect(last).toMatchObject({ items: [{ id: ids[2] }], next: null })
    })

    test.each([
      ['limit=0', 400],
      ['limit=many', 400],
      ['recipient=nobody', 400],
      ['after=last', 400],
      ['after=0199c2a0-0000-7000-8000-000000000000', 404],
    ])('answers %s with %i', async (query, status) => {
      expect((await running.service.http.inject(`/notifications?${query}`)).statusCode).toBe(status)
    })
  })
}
