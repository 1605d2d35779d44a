import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fencesOf } from '../../checks/fences.mjs'
import { projectRoot } from '../../running-system/project-root.ts'

const run = promisify(execFile)

/** A project outside of the workspace, which has what npm has installed there and nothing else. */
export interface ScratchProject {
  /** The names of the packages that are there at run time. */
  installed(): Promise<readonly string[]>
  read(path: string): Promise<string>
  write(path: string, text: string): Promise<void>
  /** Copies a file of the workspace into the project, under the name `as`. */
  copy(path: string, as: string): Promise<void>
  /** Writes each block of code in a document as a file of its own. Gives their paths, those to run first. */
  extract(document: string): Promise<readonly { readonly path: string; readonly run: boolean }[]>
  /** Compiles all TypeScript of the project into `out`. @throws with what the compiler says */
  compile(options: Readonly<Record<string, string>>): Promise<void>
  /** Gives what the script prints. */
  run(script: string, ...args: string[]): Promise<string>
}

/**
 * @param registry where `@posthorn/*` come from; others come from wherever npm gets them
 * @param readme a document that says in a line `npm install …` what to install
 */
export async function scratchProject(
  folder: string,
  registry: string,
  readme: string,
): Promise<ScratchProject> {
  const inFolder = { cwd: folder, timeout: 120_000 }
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const read = (path: string) => readFile(join(folder, path), 'utf8')
  const manifest = { private: true, type: 'module', devDependencies: { '@types/node': '20' } }
  await write('package.json', JSON.stringify(manifest))
  await write('.npmrc', `@posthorn:registry=${registry}\n`)
  const said = /^npm install (@posthorn.+)$/m.exec(await readFile(join(projectRoot, readme), 'utf8'))?.[1]
  if (said === undefined) throw new Error(`${readme} does not say how to install it`)
  const packages = said.split(' ')
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], inFolder)

  return {
    read,
    installed: async () => {
      const lock = await read('package-lock.json')
      const entries: Record<string, { dev?: boolean }> = JSON.parse(lock).packages
      return Object.entries(entries)
        .filter(([path, { dev }]) => path !== '' && dev !== true)
        .map(([path]) => path.replace(/^.*node_modules\//, ''))
        .sort()
    },
    write,
    copy: (path, as) => cp(join(projectRoot, path), join(folder, as)),
    extract: async (document) => {
      const text = await readFile(join(projectRoot, document), 'utf8')
      const fences = fencesOf({ path: document, text }).filter(({ language }) => language === 'ts')
      const files = fences.map(({ line, name, run, code }) => {
        const path = join(dirname(document), name ?? `line-${line}.ts`)
        return { path, run, code }
      })
      for (const { path, code } of files) await write(path, code)
      return files
    },
    compile: async (options) => {
      const compilerOptions = {
        target: 'es2022',
        types: ['node'],
        strict: true,
        skipLibCheck: true,
        rootDir: '.',
        outDir: 'out',
        rewriteRelativeImportExtensions: true,
        ...options,
      }
      await write('tsconfig.json', JSON.stringify({ compilerOptions, exclude: ['out'] }))
      await run(join(projectRoot, 'node_modules/.bin/tsc'), ['--pretty', 'false'], inFolder).catch(
        ({ stdout, stderr }) => {
          throw new Error(`${stdout}${stderr}`)
        },
      )
    },
    run: async (script, ...args) => (await run(process.execPath, [script, ...args], inFolder)).stdout,
  }
}
