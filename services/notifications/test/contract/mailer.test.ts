import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { InMemoryMailer } from '../../src/adapters/in-memory-mailer.ts'
import { smtpMailer } from '../../src/adapters/smtp-mailer.ts'
import { type MailerUnderTest, mailerBehaviour } from './mailer-behaviour.ts'

describe('the in-memory mailer', () => {
  mailerBehaviour(async () => {
    const mailer = new InMemoryMailer()
    return { mailer, received: async () => mailer.sent, refuse: (how) => void mailer.refusals.push(how) }
  })
})

interface Answers {
  readonly onConnect?: number
  readonly onMailFrom?: number
}

describe('the SMTP mailer', () => {
  const servers: SMTPServer[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(resolve))
  })

  async function startServer(): Promise<MailerUnderTest & { readonly raw: string[] }> {
    const raw: string[] = []
    const refusals: number[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: (_address, _session, done) => {
        const responseCode = refusals.shift()
        done(responseCode === undefined ? null : Object.assign(new Error('No'), { responseCode }))
      },
      onData: (stream, _session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          raw.push(Buffer.concat(chunks).toString())
          done()
        })
      },
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.server.address() as AddressInfo
    return {
      mailer: smtpMailer(`smtp://127.0.0.1:${port}`, 'allocations@example.com'),
      raw,
      received: async () => raw.map(parsed),
      refuse: (how) => void refusals.push(how === 'for now' ? 451 : 550),
    }
  }

  mailerBehaviour(startServer)

  test('COS-43 names sender and recipient, with subject and text', async () => {
    const { mailer, raw } = await startServer()
    const text = 'Order order-1 waits for 3 of LAMP.'
    await mailer.send({ id: 'a', recipient: 'stock@made.com', subject: 'Out of stock for LAMP', text })
    expect(raw[0]).toMatch(/^From: allocations@example\.com\r$/m)
    expect(raw[0]).toMatch(/^To: stock@made\.com\r$/m)
    expect(raw[0]).toMatch(/^Message-ID: <a@example\.com>\r$/m)
    expect(raw.map(parsed)).toEqual([{ id: 'a', subject: 'Out of stock for LAMP', text }])
  })

  test('a line break in a subject makes no header', async () => {
    const { mailer, raw } = await startServer()
    const subject = 'Hello\r\nBcc: eve@example.com'
    await mailer.send({ id: 'a', recipient: 'stock@made.com', subject, text: 'Text' })
    expect(raw[0]).not.toMatch(/^Bcc:/im)
  })

  test.each([
    ['greets with 554', { onConnect: 554 }],
    ['wants credentials first', { onMailFrom: 530 }],
  ])(
    'a server that %s has said nothing about the mail',
    async (_what, { onConnect, onMailFrom }: Answers) => {
      const refusal = (code?: number) =>
        code === undefined ? null : Object.assign(new Error('No'), { responseCode: code })
      const server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onConnect: (_session, done) => done(refusal(onConnect)),
        onMailFrom: (_address, _session, done) => done(refusal(onMailFrom)),
      })
      server.on('error', () => undefined)
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.server.address() as AddressInfo
      const mailer = smtpMailer(`smtp://127.0.0.1:${port}`, 'allocations@example.com')
      await expect(
        mailer.send({ id: 'a', recipient: 'stock@made.com', subject: 'Hello', text: 'Text' }),
      ).rejects.toThrow()
    },
  )

  test('a server that is not there is an error', async () => {
    const mailer = smtpMailer('smtp://127.0.0.1:1', 'allocations@example.com')
    await expect(
      mailer.send({ id: 'a', recipient: 'stock@made.com', subject: 'Hello', text: 'Text' }),
    ).rejects.toThrow('ECONNREFUSED')
  })
})

/** What nodemailer makes of plain text in short lines. */
function parsed(mail: string) {
  const [head = '', body = ''] = mail.split('\r\n\r\n', 2)
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  return {
    id: header('Message-ID').slice(1).split('@', 1)[0] ?? '',
    subject: header('Subject'),
    text: body.trimEnd().replaceAll('\r\n', '\n'),
  }
}
