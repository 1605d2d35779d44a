import { expect } from 'vitest'
import type { CaughtMail } from '../../running-system/mail-catcher.ts'
import { factKey, type MailModel } from './mail-model.ts'
import type { Notification } from './notification-log.ts'
import { available, linesIn, type ModelProduct, placeOf, type ReferenceModel } from './reference-model.ts'
import type { TappedEvent } from './tap.ts'

export type SeenEvent = Pick<TappedEvent, 'id' | 'type' | 'payload'>
export type ProductPicture = NonNullable<ReturnType<typeof productPicture>>

/** What `GET /products/:sku` must show; undefined for 404, here and below. */
export function productPicture(model: ReferenceModel, sku: string) {
  const product = model.products.get(sku)
  return product && { sku, version: product.version, ...stockOf(product) }
}

function stockOf(product: ModelProduct) {
  return {
    batches: product.batches.map((batch) => ({
      ref: batch.ref,
      eta: batch.eta,
      purchasedQty: batch.qty,
      availableQty: available(product, batch),
    })),
    waiting: linesIn(product, null).map(({ orderId, qty }) => ({ orderId, qty })),
  }
}

/** What `GET /batches/:ref` must show. */
export function batchPicture(model: ReferenceModel, ref: string) {
  const owner = model.ownerOf(ref)
  return owner && { sku: owner.sku, ...stockOf(owner).batches.find((batch) => batch.ref === ref) }
}

/** What `GET /allocations/:orderId` must show. */
export function orderPicture(model: ReferenceModel, orderId: string) {
  const lines = [...model.products.values()].flatMap(({ sku }) => {
    const line = model.lineOf(orderId, sku)
    return line === undefined ? [] : [{ sku, qty: line.qty, ...placeOf(line) }]
  })
  return lines.length === 0 ? undefined : lines.sort((one, other) => (one.sku < other.sku ? -1 : 1))
}

/** The first promise of the rules, on what is really shown and whatever the model says. */
export function expectNoLineThatFits(shown: ProductPicture): void {
  const fitting = shown.waiting.filter(({ qty }) =>
    shown.batches.some(({ availableQty }) => availableQty >= qty),
  )
  expect(fitting, `${shown.sku}: lines that wait though a batch could serve them`).toEqual([])
}

/** Each product's events in their order; between products there is none. */
export function expectEvents(seen: readonly SeenEvent[], model: ReferenceModel): void {
  for (const sku of model.products.keys()) {
    const of = (events: readonly { type: string; payload: Readonly<Record<string, unknown>> }[]) =>
      events.filter(({ payload }) => payload.sku === sku).map(({ type, payload }) => ({ type, ...payload }))
    expect(of(seen), `the events of ${sku}`).toEqual(of(model.events))
  }
  expect(seen.length, 'events of all products').toBe(model.events.length)
}

/** Each notification has left as one mail. `repeatedly`: or as several of the same Message-ID. */
export function expectSent(
  mails: readonly CaughtMail[],
  notifications: readonly Notification[],
  { repeatedly }: { readonly repeatedly: boolean },
): void {
  const sent = mails.map(({ messageId, to, subject }) => `${messageId.slice(1, 37)} ${to} ${subject}`)
  const told = notifications.map(({ id, recipient, subject }) => `${id} ${recipient} ${subject}`)
  expect((repeatedly ? [...new Set(sent)] : sent).sort(), 'mails, by their ids').toEqual(told.sort())
}

/** What the notifications are about, and that all who must be told have been, and nobody else. */
export function expectMails(
  mails: MailModel,
  events: readonly SeenEvent[],
  notifications: readonly Notification[],
): void {
  const causes = new Map(events.map((event) => [event.id, event]))
  const sent = notifications.map(({ causedBy, recipient, subject, text, status }) => {
    const event = causes.get(causedBy)
    expect(event, `the cause of "${subject}" to ${recipient}`).toBeDefined()
    const { type, payload } = event as SeenEvent
    const { orderId, sku, qty } = payload
    expect({ subject, status }).toEqual({ subject: expect.stringContaining(String(sku)), status: 'sent' })
    if (type === 'OutOfStock') expect(subject).toBe(`Out of stock for ${sku}`)
    expect(`${subject} ${text}`).toMatch(new RegExp(`\\b${orderId}\\b`))
    expect(text).toMatch(new RegExp(`\\b${qty}\\b`))
    return `${recipient} ${factKey({ type, payload: { ...payload, sku: String(sku) } })}`
  })
  const { required, allowed } = mails.expected()
  expect(
    sent.filter((mail, index) => sent.indexOf(mail) < index),
    'mails sent twice',
  ).toEqual([])
  expect(
    [...required].filter((mail) => !sent.includes(mail)),
    'mails not sent',
  ).toEqual([])
  expect(
    sent.filter((mail) => !allowed.has(mail)),
    'mails that nobody wanted',
  ).toEqual([])
}
