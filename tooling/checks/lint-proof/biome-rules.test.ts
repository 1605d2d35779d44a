import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from '../workspace.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'lint-proof-'))
copyFileSync(join(root, 'biome.json'), join(scratch, 'biome.json'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** The rules that biome reports for a text that stands at this path of a project with our configuration. */
function reported(path: string, text: string): string[] {
  mkdirSync(dirname(join(scratch, path)), { recursive: true })
  writeFileSync(join(scratch, path), text)
  const biome = join(root, 'node_modules/.bin/biome')
  const args = ['lint', '--vcs-enabled=false', '--error-on-warnings', path]
  const { stdout, stderr } = spawnSync(biome, args, { cwd: scratch, encoding: 'utf8' })
  expect(stdout + stderr).toContain('Checked 1 file')
  return [...new Set([...stderr.matchAll(/ lint\/\w+\/(\w+)/g)].map(([, rule = '']) => rule))].sort()
}

const source = 'packages/core/src/sample.ts'
const main = 'services/allocation/src/main.ts'

test.each([
  ['noExplicitAny', source, 'export const parse = (text: any) => String(text)\n'],
  ['noDefaultExport', source, 'export default class Bus {}\n'],
  ['noReExportAll', source, "export * from './errors.ts'\n"],
  ['noConsole', source, "export const log = () => console.log('x')\n"],
  ['noConsole', main, "console.error('x')\n"],
  ['noProcessEnv', source, 'export const url = process.env.URL\n'],
  ['noProcessEnv', source, "import process from 'node:process'\n\nexport const url = process.env.URL\n"],
  ['noProcessEnv', source, "import { env } from 'node:process'\n\nexport const url = env.URL\n"],
  ['noProcessEnv', main, 'export const url = process.env.URL\n'],
])('%s is reported in %s', (rule, path, text) => {
  expect(reported(path, text)).toEqual([rule])
})

test.each([
  ['services/allocation/src/config.ts', 'export const url = process.env.URL\n'],
  ['packages/core/test/unit/sample.test.ts', "console.log('x')\n"],
  ['vitest.config.ts', 'export default {}\n'],
])('what is banned elsewhere is allowed in %s', (path, text) => {
  expect(reported(path, text)).toEqual([])
})
