import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectRoot } from '../running-system/project-root.ts'
import { contractArtefacts } from './contract-artefacts.ts'

for (const { path, text } of contractArtefacts()) {
  mkdirSync(dirname(join(projectRoot, path)), { recursive: true })
  writeFileSync(join(projectRoot, path), text)
}
