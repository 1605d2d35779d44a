import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../../../running-system/project-root.ts'

const NAME = /(?:posthorn|messaging|db|http|url|error)(?:\.[a-z_]+)+/
const ADAPTER = 'packages/core/src/opentelemetry'
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')

test('the page about telemetry names each metric and attribute that there is, and no other', () => {
  const code = [
    ...readdirSync(join(projectRoot, ADAPTER)).map((file) => `${ADAPTER}/${file}`),
    'services/chassis/src/observe-requests.ts',
  ].map(read)
  const named = new Set(
    code.flatMap((text) => [...text.matchAll(new RegExp(`'(${NAME.source})'`, 'g'))].map(([, name]) => name)),
  )
  const page = read('docs/reference/telemetry.md')
  const told = new Set([...page.matchAll(new RegExp(`\`(${NAME.source})\``, 'g'))].map(([, name]) => name))
  expect(named.size).toBeGreaterThan(40)
  expect([...told].sort()).toEqual([...named].sort())
})
