import { allocation, notifications } from '@posthorn/contracts'
import type { ExternalBus, HandlerContext, MessageOf, Outgoing } from '@posthorn/core'
import { type Stock, withStock } from '../domain/mails.ts'
import type { Mailer } from './mailer.ts'

const { MailDue, DeliveryEnded } = notifications.events

export interface Delivery {
  readonly mailer: Mailer
  readonly externalBus: Pick<ExternalBus<'notifications'>, 'call'>
}

const STOCK_DEADLINE = 5_000

/** The remote call and the SMTP conversation: with no transaction open, and its outcome told by an event. */
export async function deliverMail(
  due: MessageOf<typeof MailDue>,
  outgoing: Outgoing<'notifications'>,
  { signal, dependencies: { mailer, externalBus } }: HandlerContext<Delivery>,
) {
  const { id, recipient, subject, stockOf } = due.payload
  const text =
    stockOf === null
      ? due.payload.text
      : withStock(due.payload.text, await currentStock(stockOf, due, externalBus, signal))
  const { refused } = await mailer.send({ id, recipient, subject, text })
  outgoing.publish(DeliveryEnded({ id, text, endedAt: new Date().toISOString(), failure: refused }))
}

async function currentStock(
  sku: string,
  cause: MessageOf<typeof MailDue>,
  externalBus: Delivery['externalBus'],
  signal: AbortSignal,
): Promise<Stock | undefined> {
  try {
    const question = allocation.commands.GetProduct({ sku }, cause)
    return await externalBus.call(question, { timeout: STOCK_DEADLINE, signal })
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}
