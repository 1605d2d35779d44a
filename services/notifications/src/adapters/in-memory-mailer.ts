import type { Mailer, OutgoingMail } from '../service-layer/mailer.ts'

/** A mail server in this process: it keeps what it accepted. */
export class InMemoryMailer implements Mailer {
  readonly sent: OutgoingMail[] = []
  /** What happens to the next mails, one each: refused, or accepted without the sender being told. */
  readonly refusals: ('for now' | 'for good' | 'silently accepted')[] = []

  async send(mail: OutgoingMail) {
    const refusal = this.refusals.shift()
    if (refusal === 'for now') throw new Error('The mail server answered 451')
    if (refusal === 'for good') return { refused: 'the mail server answered 550' }
    this.sent.push(mail)
    if (refusal === 'silently accepted') throw new Error('The connection to the mail server was lost')
    return { refused: null }
  }
}
