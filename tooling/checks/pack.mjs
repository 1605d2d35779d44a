// @ts-check
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { describePackage, packageReport } from './package-report.mjs'
import { isMain, publishedPackages, readText, report, root } from './workspace.mjs'

const bin = join(root, 'node_modules/.bin')

/** The largest tarball that passes, in bytes: a package that doubles has packed something by mistake. */
const largest = 620_000

/**
 * What is wrong with the files of a tarball, given the sources of the package.
 * @param {string} name
 * @param {readonly string[]} files paths inside the tarball, without its `package/`
 * @param {readonly string[]} alsoAllowed what else `files` of package.json names
 * @returns {string[]}
 */
export function packedFaults(name, files, alsoAllowed = []) {
  const has = new Set(files)
  const faults = ['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']
    .filter((needed) => !has.has(needed))
    .map((needed) => `${name}: ${needed} is not packed`)
  for (const file of files) {
    const allowed = ['dist/', 'src/', ...alsoAllowed.map((entry) => `${entry}/`)].some((folder) =>
      file.startsWith(folder),
    )
    if (
      !allowed &&
      !/^(README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(file) &&
      !alsoAllowed.includes(file)
    )
      faults.push(`${name}: ${file} is packed`)
    else if (/(^|\/)test\/|\.(test|spec)\.|\.tsbuildinfo$/.test(file))
      faults.push(`${name}: ${file} is packed`)
    const source = /^dist\/(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(file)
    if (source && !has.has(`src/${source[1]}.ts`))
      faults.push(`${name}: ${file} is left over from an older build`)
  }
  return faults
}

/**
 * @param {string} tarball
 * @param {string} folder to unpack it into
 * @returns {{ path: string, size: number }[]} its files, with paths inside the package
 */
function unpack(tarball, folder) {
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(folder, file), size: statSync(file).size }))
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string[]} its output, if it failed
 */
function failure(command, args) {
  const { status, stdout, stderr } = spawnSync(join(bin, command), args, { encoding: 'utf8' })
  return status === 0 ? [] : [`${command} ${args.join(' ')}\n${stdout}${stderr}`]
}

/**
 * A project elsewhere on the disk that has nothing but the packed packages and what they depend on: every entry point
 * must load and type-check there.
 * @param {string} folder
 * @param {ReadonlyMap<string, string>} tarballs by package folder
 * @returns {string[]}
 */
function outsideConsumer(folder, tarballs) {
  const modules = join(folder, 'node_modules')
  /** @type {string[]} */
  const specifiers = []
  for (const [name, tarball] of tarballs) {
    const manifest = JSON.parse(readText(`packages/${name}/package.json`))
    const target = join(modules, manifest.name)
    mkdirSync(target, { recursive: true })
    execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
    specifiers.push(...Object.keys(manifest.exports).map((key) => manifest.name + key.slice(1)))
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (dependency.startsWith('@posthorn/')) continue
      mkdirSync(dirname(join(modules, dependency)), { recursive: true })
      symlinkSync(join(root, 'packages', name, 'node_modules', dependency), join(modules, dependency))
    }
  }
  symlinkSync(join(root, 'node_modules/@types'), join(modules, '@types'))
  const imports = specifiers.map((specifier, i) => `import * as entry${i} from '${specifier}'\n`)
  const uses = specifiers.map((_, i) => `entry${i}`).join(', ')
  const script = `${imports.join('')}export const entries = [${uses}]\n`
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'consumer.ts'), script)
  writeFileSync(join(folder, 'consumer.js'), script)
  const flags =
    '--noEmit --strict --target es2022 --module nodenext --types node --lib es2022,ESNext.Disposable --pretty false'
  const compiled = spawnSync(join(bin, 'tsc'), [...flags.split(' '), 'consumer.ts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const loaded = spawnSync(process.execPath, ['consumer.js'], { cwd: folder, encoding: 'utf8' })
  const complaints = compiled.stdout
    .split('\n')
    .filter((line) => /^consumer\.ts|^node_modules\/@posthorn\/|^error/.test(line))
  if (loaded.status !== 0) complaints.push(loaded.stderr)
  return complaints.map((complaint) => `outside the workspace: ${complaint}`)
}

if (isMain(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-pack-'))
  try {
    /** @type {string[]} */
    const findings = []
    const described = []
    const tarballs = new Map()
    for (const name of publishedPackages) {
      const destination = join(folder, name)
      mkdirSync(destination)
      execFileSync(join(bin, 'pnpm'), ['pack', '--pack-destination', destination], {
        cwd: join(root, 'packages', name),
        stdio: 'ignore',
      })
      const tarball = join(destination, readdirSync(destination)[0] ?? '')
      tarballs.set(name, tarball)
      const files = unpack(tarball, join(folder, `${name}-unpacked`))
      const { files: declared } = JSON.parse(readText(`packages/${name}/package.json`))
      findings.push(
        ...packedFaults(
          name,
          files.map(({ path }) => path),
          declared,
        ),
      )
      const one = describePackage(join(root, 'packages', name), tarball, files)
      described.push(one)
      if (one.packed > largest) findings.push(`${name}: ${one.packed} bytes packed, budget ${largest}`)
      findings.push(...failure('publint', ['run', '--strict', tarball]))
      findings.push(...failure('attw', ['--profile', 'esm-only', '--no-definitely-typed', tarball]))
    }
    const consumer = join(folder, 'consumer')
    mkdirSync(consumer)
    findings.push(...outsideConsumer(consumer, tarballs))
    report(findings, packageReport(described))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
