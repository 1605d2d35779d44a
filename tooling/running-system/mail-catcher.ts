import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { eventually } from './eventually.ts'

export interface CaughtMail {
  readonly messageId: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** W3C trace context; null in a mail without. */
  readonly traceparent: string | null
}

/** What the next recipient gets to hear instead of `250 OK`; null lets the mail through. */
export type Refusal = (recipient: string) => { readonly code: number; readonly text: string } | null

/** A real SMTP server on loopback that keeps what it is given. */
export interface MailCatcher {
  readonly url: string
  readonly mails: readonly CaughtMail[]
  /** Called with every mail as it comes. */
  onMail(listener: (mail: CaughtMail) => void): void
  /** Waits until `count` mails satisfy the condition. */
  waitFor(
    count: number,
    condition: (mail: CaughtMail) => boolean,
    deadline?: number,
  ): Promise<readonly CaughtMail[]>
  refuse(refusal: Refusal): void
  stop(): Promise<void>
}

export async function startMailCatcher(port = 0): Promise<MailCatcher> {
  const mails: CaughtMail[] = []
  const listeners: ((mail: CaughtMail) => void)[] = []
  let refusal: Refusal = () => null

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo: ({ address }, _session, done) => {
      const refused = refusal(address)
      done(refused === null ? null : Object.assign(new Error(refused.text), { responseCode: refused.code }))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        keep(
          Buffer.concat(chunks),
          session.envelope.rcptTo.map(({ address }) => address),
        ).then(
          () => done(),
          (error: Error) => done(error),
        )
      })
    },
  })

  const keep = async (raw: Buffer, to: readonly string[]) => {
    const { messageId = '', subject = '', text = '', headers } = await PostalMime.parse(raw)
    const traceparent = headers.find(({ key }) => key === 'traceparent')?.value ?? null
    const mail = { messageId, to, subject, text: text.trim(), traceparent }
    mails.push(mail)
    for (const listener of listeners) listener(mail)
  }

  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.removeAllListeners('error')
  // From here on an error is a client's broken connection; the client knows.
  server.on('error', () => undefined)
  const { port: bound } = server.server.address() as AddressInfo

  return {
    url: `smtp://127.0.0.1:${bound}`,
    mails,
    onMail: (listener) => void listeners.push(listener),
    waitFor: (count, condition, deadline) =>
      eventually(
        () => {
          const found = mails.filter(condition)
          return found.length >= count ? found : undefined
        },
        () => `${count} mails; there are ${mails.filter(condition).length} of ${mails.length} in all`,
        deadline,
      ),
    refuse: (next) => {
      refusal = next
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
