import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../workspace.mjs'

const folder = 'tooling/checks/lint-proof'

/** What oxlint says of a fixture, with the rules of the project: `<line> <rule>`. */
async function reported(fixture: string): Promise<string[]> {
  const args = ['-c', `${folder}/oxlint.json`, '-f', 'unix', `${folder}/${fixture}`]
  const oxlint = join(root, 'node_modules/.bin/oxlint')
  const { stdout } = await promisify(execFile)(oxlint, args, { cwd: root }).catch((failed) => failed)
  const lines: string[] = stdout.split('\n').filter((line: string) => line.includes(`/${fixture}:`))
  return lines.map((line) => line.replace(/^[^:]+:(\d+):.*\((.+)\)\]$/, '$1 $2')).sort()
}

/** What the fixture itself expects: the line after each `// reported: <rule>`. */
function expected(fixture: string): string[] {
  const lines = readFileSync(join(root, folder, fixture), 'utf8').split('\n')
  return lines
    .flatMap(
      (line, i) =>
        /\/\/ reported: (\S+)/
          .exec(line)
          ?.slice(1)
          .map((rule) => `${i + 2} ${rule}`) ?? [],
    )
    .sort()
}

test('every form of a floating promise is reported, and none of the correct twins', async () => {
  expect(expected('floating-promise.ts').length).toBeGreaterThanOrEqual(15)
  expect(await reported('floating-promise.ts')).toEqual(expected('floating-promise.ts'))
})

test('a switch that leaves out a member of a union is reported, a complete one is not', async () => {
  expect(expected('switch-exhaustiveness.ts')).toHaveLength(2)
  expect(await reported('switch-exhaustiveness.ts')).toEqual(expected('switch-exhaustiveness.ts'))
})
