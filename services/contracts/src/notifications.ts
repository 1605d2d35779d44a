import { command, defineDomain, event } from '@posthorn/core'
import { z } from 'zod'
import { emailAddress, mailText, reference, subjectLine } from './values.ts'

export const notificationStatus = z.enum(['pending', 'sent', 'failed'])

const notification = { id: z.uuid(), recipient: emailAddress }

/** What the notifications service understands and tells. It sends mail about what happens elsewhere. */
export const notifications = defineDomain('notifications', {
  commands: {
    Watch: command({
      input: z.object({ orderId: reference, email: emailAddress }),
      output: z.object({ watching: z.literal(true) }),
      allow: ['allocation'],
      key: ({ orderId }) => orderId,
    }),
    Notify: command({
      input: z.object({ recipient: emailAddress, subject: subjectLine, text: mailText }),
      output: z.object({ id: z.uuid() }),
      allow: ['allocation'],
    }),
  },
  events: {
    /** A notification is stored and must now be mailed. */
    MailDue: event(
      z.object({
        ...notification,
        subject: subjectLine,
        text: mailText,
        stockOf: reference.nullable().describe('the SKU whose stock is to be told at the end of the text'),
      }),
      { private: true },
    ),
    /** How the conversation with the mail server ended. */
    DeliveryEnded: event(
      z.object({
        id: z.uuid(),
        text: mailText,
        endedAt: z.iso.datetime(),
        failure: z.string().nullable(),
      }),
      { private: true },
    ),
    NotificationSent: event(z.object({ ...notification, causedBy: z.string() })),
    NotificationFailed: event(z.object({ ...notification, reason: z.string() })),
  },
})
