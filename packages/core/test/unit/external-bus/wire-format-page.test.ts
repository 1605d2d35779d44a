import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeBody } from '../../../src/external-bus/json-body.ts'
import { RETRY_TIERS } from '../../../src/external-bus/names.ts'
import { HEADERS, MAX_BODY } from '../../../src/external-bus/wire-format.ts'
import { vectors } from './vectors.ts'

const page = readFileSync(new URL('../../../../../docs/reference/wire-format.md', import.meta.url), 'utf8')

test('the page names every header', () => {
  for (const header of Object.values(HEADERS)) expect(page).toContain(`\`${header}\``)
})

test('the page lists the reasons of refusals in the order of the vectors, and no others', () => {
  const table = page.slice(page.indexOf('## Checks on receipt'), page.indexOf('Two more reasons'))
  const listed = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, reason]) => reason)
  const inVectors = [...new Set(vectors.refused.map(({ reason }) => reason))]
  expect(listed).toEqual(inVectors)
})

test('the page tells the limits as they are', () => {
  expect(page).toContain(`${MAX_BODY.toLocaleString('en')} bytes`)
  const depth = Number(/nested at most (\d+)/.exec(page)?.[1])
  const nested = (levels: number) => decodeBody(Buffer.from('['.repeat(levels) + ']'.repeat(levels))).ok
  expect([depth, depth + 1].map(nested)).toEqual([true, false])
  for (const { name } of RETRY_TIERS) expect(page).toContain(`.retry.${name}`)
})
