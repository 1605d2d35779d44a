// @ts-check
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicSurface } from './public-surface.mjs'
import { isMain, projectPaths, publishedPackages, readText, report, root } from './workspace.mjs'

/** @typedef {import('./public-surface.mjs').PublicSymbol} PublicSymbol */
/** @typedef {{ readonly specifier: string, readonly declarations: string, readonly page: string }} EntryPoint */

const folder = 'docs/reference/api'

/** How many symbols an entry point may export. @type {Readonly<Record<string, number>>} */
const budgets = {
  '@posthorn/core': 50,
  '@posthorn/core/contract-tests': 20,
  '@posthorn/core/describe': 8,
  '@posthorn/core/in-memory': 10,
  '@posthorn/core/opentelemetry': 3,
  '@posthorn/core/simulation': 22,
  '@posthorn/core/storage': 47,
  '@posthorn/core/testing': 16,
  '@posthorn/core/transport': 41,
  '@posthorn/rabbitmq': 20,
  '@posthorn/rabbitmq/testing': 6,
  '@posthorn/uow-drizzle': 20,
}

/** @returns {EntryPoint[]} */
function entryPoints() {
  return publishedPackages.flatMap((name) => {
    const manifest = JSON.parse(readText(`packages/${name}/package.json`))
    return Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([key, target]) => ({
        specifier: manifest.name + key.slice(1),
        declarations: join('packages', name, target.types),
        page: `${folder}/${(name + key.slice(1)).replaceAll('/', '-')}.md`,
      }))
  })
}

/**
 * @param {string} specifier
 * @param {readonly PublicSymbol[]} symbols
 * @returns {string} the page that shows all that may be imported from `specifier`
 */
export function apiPage(specifier, symbols) {
  const sections = symbols.map(
    ({ name, kind, summary, signature }) =>
      `## ${name}\n\n${kind}. ${summary}\n\n\`\`\`ts\n${signature}\n\`\`\`\n`,
  )
  const count = `${symbols.length} symbol${symbols.length === 1 ? '' : 's'}`
  return [
    `# ${specifier}\n\n${count}. Generated from the declarations by \`pnpm api:write\`.\n`,
    ...sections,
  ].join('\n')
}

/**
 * @param {string} specifier
 * @param {readonly PublicSymbol[]} symbols
 * @returns {string[]}
 */
export function surfaceFaults(specifier, symbols) {
  const budget = budgets[specifier]
  const faults = symbols
    .filter(({ summary }) => summary === '')
    .map(({ name }) => `${specifier}: ${name} has no doc comment`)
  if (budget === undefined) faults.push(`${specifier} has no budget in tooling/checks/api.mjs`)
  else if (symbols.length > budget) faults.push(`${specifier}: ${symbols.length} symbols, budget ${budget}`)
  return faults
}

if (isMain(import.meta.url)) {
  const write = process.argv.includes('--write')
  /** @type {string[]} */
  const findings = []
  /** @type {string[]} */
  const counts = []
  const pages = new Set()
  for (const { specifier, declarations, page } of entryPoints()) {
    pages.add(page)
    if (!existsSync(join(root, declarations))) {
      findings.push(`${declarations} does not exist: build first`)
      continue
    }
    const symbols = publicSurface(declarations, readText)
    const text = apiPage(specifier, symbols)
    findings.push(...surfaceFaults(specifier, symbols))
    counts.push(`${specifier} ${symbols.length}`)
    if (write) {
      mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, page), text)
    } else if (!existsSync(join(root, page)) || readText(page) !== text)
      findings.push(`${page} differs from the code: run \`pnpm api:write\` and review the change`)
  }
  for (const path of projectPaths())
    if (path.startsWith(`${folder}/`) && !pages.has(path))
      findings.push(`${path} is the page of no entry point`)
  report(findings, `public symbols: ${counts.join(', ')}`)
}
