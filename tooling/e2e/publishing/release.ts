import { execFile } from 'node:child_process'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../running-system/project-root.ts'

const run = promisify(execFile)

/** What a release is made from, besides the packages. */
const parts = ['.changeset', 'LICENSE', 'README.md', 'package.json', 'pnpm-workspace.yaml', 'packages']

/**
 * Makes the next release as the release workflow does, by `changeset version` and `changeset publish`, but of a copy of
 * the built workspace, and to a registry on this machine.
 *
 * @param folder for the copy
 * @throws when the registry is elsewhere
 */
export async function release(folder: string, registry: string, token: string): Promise<void> {
  refuseRemote(registry)
  await copyWorkspace(folder)
  const { host } = new URL(registry)
  await writeFile(
    join(folder, '.npmrc'),
    `registry=${registry}\n@posthorn:registry=${registry}\n//${host}/:_authToken=${token}\n`,
  )
  const home = join(folder, '.home')
  await mkdir(home)
  const options = { cwd: folder, env: onlyLoopback(registry, home), timeout: 60_000 }
  const changeset = join(projectRoot, 'node_modules/.bin/changeset')
  await run('git', ['init', '--quiet'], options)
  await run('git', ['add', '.changeset'], options)
  await run('git', ['commit', '--quiet', '--message', 'Say what changes'], options)
  await run(changeset, ['version'], options)
  await run(changeset, ['publish', '--no-git-tag'], options)
}

/** @throws unless the URL is one of this machine's own */
function refuseRemote(registry: string): void {
  if (/^(127\.0\.0\.1|\[::1\]|localhost)$/.test(new URL(registry).hostname)) return
  throw new Error(`${registry} is not on this machine; tests publish nowhere else`)
}

async function copyWorkspace(folder: string): Promise<void> {
  for (const part of parts) {
    await cp(join(projectRoot, part), join(folder, part), {
      recursive: true,
      filter: (path) => !['node_modules', 'test'].includes(basename(path)),
    })
  }
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
}

/**
 * The environment of a process that has nobody's credentials and finds its way to loopback alone: whatever its
 * configuration says, for all other hosts it is sent to a proxy that does not exist.
 */
function onlyLoopback(registry: string, home: string): NodeJS.ProcessEnv {
  const nowhere = 'http://127.0.0.1:9'
  const local = '127.0.0.1,localhost'
  return {
    PATH: [join(projectRoot, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    HOME: home,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: local,
    http_proxy: nowhere,
    https_proxy: nowhere,
    no_proxy: local,
    npm_config_registry: registry,
    npm_config_globalconfig: join(home, 'npmrc'),
    GIT_AUTHOR_NAME: 'releaser',
    GIT_AUTHOR_EMAIL: 'releaser@localhost',
    GIT_COMMITTER_NAME: 'releaser',
    GIT_COMMITTER_EMAIL: 'releaser@localhost',
  }
}
