import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reader } from './reader.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthorn-reader-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const read = (text: string) => reader(folder, process.env).read({ path: 'page.md', text })

const waits = (code: number) =>
  `process.once('SIGINT', () => process.exit(${code})); setInterval(() => {}, 1000); console.log('up')`

const waiting = (code: number) => `\`\`\`js name=wait.js\n${waits(code)}\n\`\`\`\n`

test('a page whose commands print what it says is read to its end', async () => {
  await read(`${waiting(0)}\`\`\`diff name=wait.js\n+console.log('hello')\n ${waits(0)}\n\`\`\`
\`\`\`sh servers\nexit 1\n\`\`\`
\`\`\`sh terminal=one\nnode wait.js\n\`\`\`
\`\`\`text\nup\n\`\`\`
\`\`\`sh\necho one; echo two >&2\n\`\`\`
\`\`\`text\none\n\`\`\`
\`\`\`text terminal=one\nhello\n\`\`\`
`)
})

test.each([
  ['prints something else', '```sh\necho one\n```\n```text\ntwo\n```\n', "to be 'two"],
  ['fails', '```sh\necho no >&2; false\n```\n', 'page.md:2 fails:\nno'],
  [
    'does not end well at Ctrl-C',
    `${waiting(3)}\`\`\`sh terminal=one\nnode wait.js\n\`\`\`\n\`\`\`text\nup\n\`\`\`\n`,
    'one said',
  ],
])('a page with a command that %s is told', async (_, text, message) => {
  await expect(read(text)).rejects.toThrow(message)
})
