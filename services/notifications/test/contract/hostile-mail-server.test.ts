import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { smtpMailer } from '../../src/adapters/smtp-mailer.ts'
import { type Script, type ScriptedMailServer, startScriptedMailServer } from './scripted-mail-server.ts'

const CANARY = 'canary-4711'
const FROM = 'allocations@example.com'
const mail = { id: 'a', recipient: 'stock@made.com', subject: 'Hello', text: 'Text' }

let server: ScriptedMailServer
afterEach(() => server?.stop())

async function sendTo(script: Script, changes: Partial<typeof mail> = {}, deadline?: number) {
  server = await startScriptedMailServer(script)
  return smtpMailer(server.url, FROM, deadline).send({ ...mail, ...changes })
}

const endless = (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(`250-${CANARY.repeat(500)}\r\n`));
  }
  socket.on('drain', more)
  more()
}
const withoutEnd = (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(CANARY.repeat(5_000)));
  }
  socket.on('drain', more)
  more()
}
const drop = (socket: Socket) => void socket.destroy()
const drip = (socket: Socket) => {
  const timer = setInterval(() => socket.write('2'), 20)
  socket.on('close', () => clearInterval(timer))
}
const lines = (code: number) => `${code}-${CANARY}\r\n${code}-Bcc: eve@example.com\r\n${code} ${CANARY}`

test.each<[string, Script]>([
  ['greets with 421', { greeting: `421 ${CANARY}` }],
  ['greets with 554', { greeting: `554 ${CANARY}` }],
  ['greets in another protocol', { greeting: `HTTP/1.1 200 OK\r\n\r\n${CANARY}` }],
  ['greets with noise', { greeting: Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i)) }],
  ['greets with lines without an end', { greeting: endless }],
  ['greets with a line without an end', { greeting: withoutEnd }],
  ['hangs up at once', { greeting: drop }],
  ['understands neither EHLO nor HELO', { EHLO: `502 ${CANARY}`, HELO: `502 ${CANARY}` }],
  ['answers EHLO without an end', { EHLO: endless }],
  ['wants credentials', { MAIL: `530 ${CANARY}` }],
  ['refuses the sender for now', { MAIL: lines(451) }],
  ['refuses the recipient for now', { RCPT: lines(450) }],
  ['answers in four digits', { RCPT: `5500 ${CANARY}` }],
  ['answers in words', { RCPT: `no ${CANARY}` }],
  ['answers in 8 bits', { RCPT: Buffer.from([0x34, 0x35, 0x31, 0x20, 0xff, 0xfe, 0x00, 0x1b]) }],
  ['answers with an empty line', { RCPT: '\r\n451 ' }],
  ['hangs up at the recipient', { RCPT: drop }],
  ['hangs up at the text', { DATA: drop }],
  ['refuses the text for now', { end: lines(452) }],
  ['hangs up after the text', { end: drop }],
  ['answers the text without an end', { end: endless }],
])(
  'a server that %s is an error without its words, and the mail may be sent again',
  async (_what, script) => {
    const failed = await sendTo(script).then(
      (outcome) => Promise.reject(new Error(`no error but ${JSON.stringify(outcome)}`)),
      (error: Error) => error,
    )
    expect(failed.message).toMatch(/^[\x20-\x7e]{1,200}$/)
    for (let error: unknown = failed; error instanceof Error; error = error.cause) {
      expect(error.message).not.toContain(CANARY)
      expect(error.stack).not.toContain(CANARY)
    }
  },
)

test.each<[string, Script, string]>([
  ['the sender', { MAIL: lines(550) }, 'the mail server answered 550'],
  ['the recipient', { RCPT: `553 <${mail.recipient}> ${CANARY}` }, 'the mail server answered 553'],
  ['the text', { end: lines(554) }, 'the mail server answered 554'],
])('a server that refuses %s for good is told by its code alone', async (_what, script, refused) => {
  expect(await sendTo(script)).toEqual({ refused })
})

test.each<[string, Script]>([
  ['in many lines', { EHLO: `250-${CANARY}\r\n250-SIZE\r\n250 HELP`, RCPT: lines(250) }],
  ['in 8 bits', { greeting: Buffer.from([0x32, 0x32, 0x30, 0x20, 0xe4, 0xff]) }],
  ['without words', { greeting: '220 ', MAIL: '250 ', end: '250 ' }],
  ['and hangs up instead of a farewell', { QUIT: drop }],
])('a server that accepts %s has the mail', async (_what, script) => {
  expect(await sendTo(script)).toEqual({ refused: null })
  expect(server.heard).toContain('RCPT TO:<stock@made.com>')
})

test.each<[string, Script]>([
  ['says a little now and then', { RCPT: drip }],
  ['says nothing more', { MAIL: () => undefined }],
])('a server that %s is cut off', async (_what, script) => {
  await expect(sendTo(script, {}, 300)).rejects.toThrow('closed')
})

test.each([
  'a@example.com\r\nRCPT TO:<eve@example.com>',
  'a@example.com>\r\nBcc: eve@example.com',
  'a@example.com, eve@example.com',
  'Ada <a@example.com>; eve@example.com',
  'group: eve@example.com;',
  'a\u0000@example.com',
])('the address %j brings nobody else a mail', async (recipient) => {
  await sendTo({}, { recipient }).catch(() => undefined)
  const envelope = server.heard.filter((line) => line.startsWith('RCPT'))
  expect(envelope.length).toBeLessThanOrEqual(1)
  expect(server.heard.join('\n')).not.toMatch(/^RCPT TO:<eve|^Bcc:/im)
})

test.each([
  'Hello\r\nBcc: eve@example.com',
  'Hello\n.\r\nQUIT',
  'Hello\u0000\u001b[2J',
  '\u{1fa94} cafe\u0301 \ud800',
])('the subject %j stays a subject', async (subject) => {
  await sendTo({}, { subject })
  expect(server.heard.filter((line) => /^Bcc/i.test(line))).toEqual([])
  expect(server.heard.filter((line) => line === '.')).toHaveLength(1)
  expect(server.heard.join('\n')).toMatch(/^[\t\n -~]*$/)
})

test('a text that looks like the end of a mail is none', async () => {
  await sendTo({}, { text: 'a\n.\nMAIL FROM:<eve@example.com>\r\n.\r\nQUIT\rb' })
  expect(server.heard.filter((line) => line === '.')).toHaveLength(1)
})
