import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const folder = import.meta.dirname
const examples = readdirSync(folder).filter((name) => /^\d\d-/.test(name))

test.each(examples)('example %s prints what it says it prints', async (name) => {
  const script = join(folder, 'dist', name, 'main.js')
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 15_000 })

  expect(stdout).toBe(readFileSync(join(folder, name, 'expected.txt'), 'utf8'))
})
