import { notifications } from '@posthorn/contracts'
import type { Aggregate, Event } from '@posthorn/core'
import type { Mail } from './mails.ts'

const { MailDue, NotificationFailed, NotificationSent } = notifications.events

interface NotificationState {
  readonly id: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
  /** The id of the message that it tells of. */
  readonly causedBy: string
  readonly status: 'pending' | 'sent' | 'failed'
  readonly sentAt: string | null
}

/** How the conversation with a mail server ended; `failure` says why the mail will never be accepted. */
interface Delivery {
  readonly text: string
  readonly endedAt: string
  readonly failure: string | null
}

/** One mail to one person about one message. */
export class Notification implements Aggregate {
  readonly events: Event[] = []
  #state: NotificationState

  constructor(state: NotificationState) {
    this.#state = state
  }

  /** A new one, to be mailed. */
  static due(
    id: string,
    recipient: string,
    { subject, text, stockOf }: Mail,
    causedBy: string,
  ): Notification {
    const state = { id, recipient, subject, text, causedBy, status: 'pending', sentAt: null } as const
    const notification = new Notification(state)
    notification.events.push(MailDue({ id, recipient, subject, text, stockOf }))
    return notification
  }

  get id(): string {
    return this.#state.id
  }

  get state(): NotificationState {
    return this.#state
  }

  /** The first ending counts. */
  endDelivery({ text, endedAt, failure }: Delivery): void {
    const { id, recipient, causedBy, status } = this.#state
    if (status !== 'pending') return
    if (failure === null) {
      this.#state = { ...this.#state, text, status: 'sent', sentAt: endedAt }
      this.events.push(NotificationSent({ id, recipient, causedBy }))
    } else {
      this.#state = { ...this.#state, text, status: 'failed' }
      this.events.push(NotificationFailed({ id, recipient, reason: failure }))
    }
  }
}
