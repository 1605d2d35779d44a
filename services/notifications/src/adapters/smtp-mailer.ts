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

/** What a server says of this mail; what it says before, or in these words, is about the service or about itself. */
const ABOUT_THE_MAIL: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])
const ABOUT_THE_SERVICE: ReadonlySet<number> = new Set([502, 503, 530, 535])

/** Why the server will never accept this mail. */
function refusal(error: unknown): string | undefined {
  const { command = '', responseCode = 0 } = Object(error) as { command?: string; responseCode?: number }
  if (responseCode < 500 || !ABOUT_THE_MAIL.has(command) || ABOUT_THE_SERVICE.has(responseCode))
    return undefined
  return `the mail server answered ${responseCode}`
}
