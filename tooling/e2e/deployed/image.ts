import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../running-system/project-root.ts'

/** What the Dockerfile says of one service's image. */
export interface Image {
  readonly entrypoint: readonly string[]
  readonly healthCheck: readonly string[]
  readonly user: { readonly uid: number; readonly gid: number }
  readonly environment: Readonly<Record<string, string>>
}

/** Reads the stages that the service's image is made of. @throws when one of the lines is missing */
export function readImage(service: string): Image {
  const stages = readFileSync(join(projectRoot, 'deploy/Dockerfile'), 'utf8').split(/^FROM /m)
  const lines = stages.filter((stage) => / AS (?:service|[a-z]+)\n/.test(stage))
  const own = lines
    .filter((stage) => stage.includes(' AS service\n') || stage.includes(` AS ${service}\n`))
    .join('')
  const line = (pattern: RegExp) => {
    const found = pattern.exec(own)?.slice(1)
    if (found === undefined) throw new Error(`The Dockerfile of ${service} has no line like ${pattern}`)
    return found as [string, ...string[]]
  }
  const [uid, gid] = line(/^USER (\d+):(\d+)$/m)
  const variables = [...own.matchAll(/^ENV (.+)$/gm)].flatMap(([, pairs = '']) => pairs.split(' '))
  return {
    entrypoint: JSON.parse(line(/^ENTRYPOINT (\[.+\])$/m)[0]),
    healthCheck: JSON.parse(line(/^HEALTHCHECK .*?CMD (\[.+\])$/m)[0]),
    user: { uid: Number(uid), gid: Number(gid) },
    environment: Object.fromEntries(variables.map((pair) => pair.split('='))),
  }
}
