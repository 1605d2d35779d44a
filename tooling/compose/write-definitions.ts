import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../running-system/project-root.ts'
import { composeDefinitions } from './compose-definitions.ts'

writeFileSync(
  join(projectRoot, 'tooling/compose/definitions.json'),
  `${JSON.stringify(composeDefinitions(), null, 2)}\n`,
)
