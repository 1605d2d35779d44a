import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { projectRoot } from '../../../running-system/project-root.ts'
import { contractArtefacts } from '../../contract-artefacts.ts'

const folder = 'docs/reference/contracts'
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
/** The parser takes a second for each; the parts of all members stand in that of the system too. */
const members = process.env.POSTHORN_TEST_FULL === '1' ? ['allocation', 'notifications', 'warehouse'] : []
const documents = ['system', 'storefront', ...members].map((name) =>
  join(projectRoot, folder, `${name}.asyncapi.json`),
)

/** What the official parser has against each document. */
async function faults(paths: readonly string[]): Promise<string[][]> {
  const script = join(projectRoot, 'tooling/contracts/validate-asyncapi.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...paths], { timeout: 240_000 })
  return JSON.parse(stdout)
}

test('what is made from the contracts stands in the documentation; else run npm run contracts:write', () => {
  const artefacts = contractArtefacts()
  const there = readdirSync(join(projectRoot, folder)).map((name) => `${folder}/${name}`)
  expect(there.sort()).toEqual(artefacts.map(({ path }) => path).sort())
  for (const { path, text } of artefacts) expect(read(path), path).toBe(text)
})

test('the AsyncAPI documents are valid, says the official parser, and a broken one is not', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'posthorn-asyncapi-'))
  onTestFinished(() => rm(scratch, { recursive: true }))
  const broken = join(scratch, 'broken.json')
  const text = read(`${folder}/storefront.asyncapi.json`)
  await writeFile(broken, text.replaceAll('#/components/messages/allocation.Allocate"', '#/nowhere"'))

  const found = await faults([...documents, broken])
  expect(found.slice(0, -1)).toEqual(documents.map(() => []))
  expect(found.at(-1)).not.toEqual([])
}, 240_000)
