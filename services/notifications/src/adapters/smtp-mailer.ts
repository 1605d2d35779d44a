import { createTransport } from 'nodemailer'
import type { Mailer, OutgoingMail } from '../service-layer/mailer.ts'

const TIMEOUTS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 }

/** @param from the sender's address; its domain ends the Message-IDs */
export function smtpMailer(url: string, from: string): Mailer {
  const transport = createTransport({ url, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true })
  const domain = from.split('@').at(-1)
  return {
    async send({ id, recipient, subject, text }: OutgoingMail) {
      try {
        await transport.sendMail({ from, to: recipient, subject, text, messageId: `<${id}@${domain}>` })
        return { refused: null }
      } catch (error) {
        const refused = refusal(error)
        if (refused === undefined) throw error
        return { refused }
      }
    },
  }
}

/** Why the server will never accept this mail. Refused credentials are the service's fault, not the mail's. */
function refusal(error: unknown): string | undefined {
  const { code, responseCode } = Object(error) as { code?: string; responseCode?: number }
  if (responseCode === undefined || responseCode < 500 || code === 'EAUTH') return undefined
  return `the mail server answered ${responseCode}`
}
