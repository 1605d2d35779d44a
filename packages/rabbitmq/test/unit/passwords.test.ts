import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatePasswords, writeCredentials } from '../../src/provisioning/passwords.ts'

test('every user gets a password of its own, fresh each time and safe in a URL', () => {
  const plan = { users: ['billing', 'shop'] }
  const passwords = [generatePasswords(plan), generatePasswords(plan)].flatMap(Object.values)
  expect(new Set(passwords).size).toBe(4)
  for (const password of passwords) expect(password).toMatch(/^[\w-]{32}$/)
})

describe('the file of credentials', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('can be read by its owner only, and holds what was written', async () => {
    const path = join(folder, 'fresh.json')
    await writeCredentials(path, { billing: 'p' })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ billing: 'p' })
  })

  test('closes a file that was open to others', async () => {
    const path = join(folder, 'old.json')
    await writeFile(path, '{}', { mode: 0o644 })
    await writeCredentials(path, { billing: 'q' })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ billing: 'q' })
  })
})
