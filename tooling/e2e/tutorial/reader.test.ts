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

test('a page whose commands print what it says is read to its end', async () => {
  const waits = `process.once('SIGINT', () => process.exit()); setInterval(() => {}, 1000); console.log('up')`
  await read(`\`\`\`js name=wait.js\n${waits}\n\`\`\`
\`\`\`diff name=wait.js\n ${waits}\n+console.log('still up')\n\`\`\`
\`\`\`sh servers\nexit 1\n\`\`\`
\`\`\`sh terminal=one\nnode wait.js\n\`\`\`
\`\`\`text\nup\n\`\`\`
\`\`\`sh\necho one; echo two >&2\n\`\`\`
\`\`\`text\none\n\`\`\`
\`\`\`text terminal=one\nstill up\n\`\`\`
`)
})

test.each([
  ['prints something else', '```sh\necho one\n```\n```text\ntwo\n```\n', "to be 'two"],
  ['fails', '```sh\necho no >&2; false\n```\n', 'page.md:2 fails:\nno'],
  ['does not end well at Ctrl-C', '```sh terminal=one\nsleep 60; exit 3\n```\n', 'one said'],
])('a page with a command that %s is told', async (_, text, message) => {
  await expect(read(text)).rejects.toThrow(message)
})
