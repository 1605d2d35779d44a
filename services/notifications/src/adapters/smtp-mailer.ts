import { Socket } from 'node:net'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createTransport } from 'nodemailer'
import type { Mailer, OutgoingMail } from '../service-layer/mailer.ts'

const TIMEOUTS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 }

/**
 * @param from the sender's address; its domain ends the Message-IDs
 * @param deadline for a whole conversation, in ms: a server that says a little now and then is never idle
 */
export function smtpMailer(url: string, from: string, deadline = 25_000): Mailer {
  const domain = from.split('@').at(-1)

  const send = async ({ id, recipient, subject, text }: OutgoingMail) => {
    const socket = new Socket()
    const transport = createTransport({
      url,
      ...TIMEOUTS,
      socket,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const cut = setTimeout(() => socket.destroy(), deadline).unref()
    socket.once('close', () => clearTimeout(cut))
    // By which whoever has a mail before him finds its trace.
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    try {
      await transport.sendMail({
        from,
        // Not as a text, which may be a list.
        to: { name: '', address: recipient },
        subject,
        text,
        messageId: `<${id}@${domain}>`,
        headers,
      })
      return { refused: null }
    } catch (error) {
      const refused = refusal(error)
      if (refused === undefined) throw withoutReply(error)
      return { refused }
    }
  }

  return { send: (mail) => observed(() => send(mail)) }
}

/** Makes a span of it, if anybody collects them. */
function observed<T>(send: () => Promise<T>): Promise<T> {
  const tracer = trace.getTracer('@posthorn/notifications')
  return tracer.startActiveSpan('send mail', { kind: SpanKind.CLIENT }, async (span) => {
    try {
      return await send()
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}

/** What nodemailer says of a conversation that failed. */
interface Failure {
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

/** What a server says of this mail; what it says before, or in these words, is about the service or about itself. */
const ABOUT_THE_MAIL: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])
const ABOUT_THE_SERVICE: ReadonlySet<number> = new Set([502, 503, 530, 535])

/** Why the server will never accept this mail. */
function refusal(error: unknown): string | undefined {
  const { command = '', responseCode = 0 } = Object(error) as Failure
  if (responseCode < 500 || responseCode > 599) return undefined
  if (!ABOUT_THE_MAIL.has(command) || ABOUT_THE_SERVICE.has(responseCode)) return undefined
  return `the mail server answered ${responseCode}`
}

/** A server’s words may be long, and name whoever the mail is for: they stay out of logs. */
function withoutReply(error: unknown): unknown {
  const { command, response, responseCode } = Object(error) as Failure
  if (response === undefined) return error
  const answer = responseCode === undefined ? 'made no sense' : `answered ${responseCode}`
  return new Error(`The mail server ${answer} (${command})`)
}
