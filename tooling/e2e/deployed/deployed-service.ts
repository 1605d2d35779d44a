import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../running-system/project-root.ts'
import type { Image } from './image.ts'

const run = promisify(execFile)

/** Whether this process may become another user, and have process ids of its own, as a container does. */
const contained = process.platform === 'linux' && process.getuid?.() === 0

/** A service as it stands in its image: a folder with its production files, and the Node to run them. */
export interface DeployedService {
  readonly folder: string
  /** What the image would run, in the folder: as its user and as process 1, where this process may. */
  readonly line: readonly [string, ...string[]]
  /** Runs the image's health check. Gives whether it calls the service healthy. */
  isHealthy(environment: Readonly<Record<string, string>>): Promise<boolean>
}

/** @param folder that does not exist yet and that everybody may enter */
export async function deployService(name: string, folder: string, image: Image): Promise<DeployedService> {
  const pnpm = join(projectRoot, 'node_modules/.bin/pnpm')
  const args = ['--filter', `@posthorn/${name}`, 'deploy', '--prod', folder]
  await run(pnpm, args, { cwd: projectRoot, timeout: 120_000 })
  // The Node that runs this may stand where the image's user must not look.
  const node = join(folder, 'node')
  await copyFile(process.execPath, node)
  const ofImage = ([, ...rest]: readonly string[]) => [node, ...rest] as [string, ...string[]]
  const { uid, gid } = image.user
  const asUser = ['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups']
  return {
    folder,
    line: contained
      ? ['unshare', '--pid', '--fork', '--kill-child', ...asUser, ...ofImage(image.entrypoint)]
      : ofImage(image.entrypoint),
    isHealthy: async (environment) => {
      const [program, ...rest] = ofImage(image.healthCheck)
      return run(program, rest, { env: environment, timeout: 10_000 }).then(
        () => true,
        () => false,
      )
    },
  }
}

/** The service's own process, given that which was started for it. */
export function innerProcess(pid: number): number {
  return contained ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()) : pid
}

/** The user as whom a process runs. */
export async function userOf(pid: number): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'uid=', '-p', String(pid)])
  return Number(stdout)
}

/** Who that is to be. */
export function expectedUser({ user }: Image): number {
  return contained ? user.uid : (process.getuid?.() ?? user.uid)
}
