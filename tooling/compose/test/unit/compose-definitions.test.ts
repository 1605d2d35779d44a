import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../../../running-system/project-root.ts'
import { composeDefinitions } from '../../compose-definitions.ts'

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')

test("the compose file's broker loads exactly what the contracts say; else run pnpm compose:write", () => {
  expect(JSON.parse(read('tooling/compose/definitions.json'))).toEqual(
    JSON.parse(JSON.stringify(composeDefinitions())),
  )
})

test('under compose no service may configure anything, and none has .*', () => {
  const { permissions } = composeDefinitions() as { permissions: readonly Record<string, string>[] }
  const services = permissions.filter(({ user }) => user !== 'operator')

  expect(services.length).toBeGreaterThan(0)
  for (const { user, configure, write, read: reads } of services) {
    expect(configure, user).toBe('^$')
    expect([write, reads], user).not.toContain('.*')
  }
})
