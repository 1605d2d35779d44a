// @ts-check
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where VitePress reads: it finds its own modules only from below this folder. */
export const staged = fileURLToPath(new URL('dist/pages', import.meta.url))

/** Where documents that stand outside of `docs` come to stand on the site. */
const guests = {
  'README.md': 'overview.md',
  'CONTRIBUTING.md': 'contributing.md',
  'ARCHITECTURE.md': 'explanation/architecture.md',
  'SECURITY.md': 'explanation/security.md',
  'deploy/README.md': 'how-to/images-and-manifests.md',
  'packages/core/README.md': 'reference/packages/core.md',
  'packages/rabbitmq/README.md': 'reference/packages/rabbitmq.md',
  'packages/uow-drizzle/README.md': 'reference/packages/uow-drizzle.md',
}

/** The pages of the site by their path in the repository. @type {Readonly<Record<string, string>>} */
export const pages = {
  ...Object.fromEntries(documents('docs').map((path) => [path, placeOf(path)])),
  ...guests,
}

/** Copies every document to its place on the site, and beside them what is served as it is. */
export function stagePages() {
  rmSync(staged, { recursive: true, force: true })
  const mermaid = new URL('node_modules/mermaid/dist/mermaid.min.js', import.meta.url)
  cpSync(fileURLToPath(mermaid), join(staged, 'public/mermaid.js'))
  for (const [path, page] of Object.entries(pages)) cpSync(join(root, path), join(staged, page))
}

/** @param {string} path @returns {string} */
export function titleOf(path) {
  const heading = /^# (.+)$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1]
  return (heading ?? path).replaceAll('`', '')
}

/** @param {string} page @returns {string} its address on the site */
export function addressOf(page) {
  return `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`
}

/** As GitHub does, so that an anchor serves there and here. @param {string} heading */
export function slug(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** @param {string} path @returns {string} */
function placeOf(path) {
  return path.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md')
}

/** @param {string} folder @returns {string[]} */
function documents(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'site')
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) return documents(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
    .sort()
}
