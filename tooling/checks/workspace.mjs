// @ts-check
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ readonly path: string, readonly text: string }} SourceFile A path relative to the root, with its text. */

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The packages that go to npm, by folder name. */
export const publishedPackages = ['core', 'rabbitmq', 'uow-drizzle']

/**
 * Every file of the project as git sees it: tracked, or new and not ignored. Relative to the root, sorted.
 * @returns {string[]}
 */
export function projectPaths() {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return [...new Set(list.split('\0'))]
    .filter((path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile())
    .sort()
}

/** @param {string} path */
export function readText(path) {
  return readFileSync(join(root, path), 'utf8')
}

/**
 * @param {RegExp} pattern
 * @returns {SourceFile[]}
 */
export function projectFiles(pattern) {
  return projectPaths()
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readText(path) }))
}

/** Source that a TypeScript or JavaScript parser reads. */
export const codePattern = /\.(ts|mts|js|mjs)$/

/**
 * Prints what a check found and sets the exit code.
 * @param {readonly string[]} findings
 * @param {string} summary one line for the case that there is nothing to say
 */
export function report(findings, summary) {
  for (const finding of findings) console.error(finding)
  if (findings.length === 0) console.log(summary)
  else console.error(`\n${findings.length} finding${findings.length === 1 ? '' : 's'}`)
  process.exitCode = findings.length === 0 ? 0 : 1
}

/**
 * Whether this module is what `node` was started with.
 * @param {string} url `import.meta.url`
 */
export function isMain(url) {
  return process.argv[1] === fileURLToPath(url)
}
