// @ts-check
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bareExamples, docCommentFences, fencesOf } from './fences.mjs'
import { projectsOf, tutorialPages } from './tutorial.mjs'
import { isMain, projectFiles, readText, report, root } from './workspace.mjs'

/** @typedef {import('./fences.mjs').Fence} Fence */

/** Inside the workspace, so that `@posthorn/*` and the root's dependencies resolve. */
const workFolder = 'node_modules/.cache/doc-fences'
const pins = 'tooling/checks/fence-count.json'
const documents =
  /^(docs\/(?!reference\/api\/).*|packages\/[^/]+\/README|services\/[^/]+\/README|examples\/.*|[^/]+)\.md$/

/**
 * Where a block of code is put: a folder for each document, a file for each block.
 * @param {Fence} fence
 */
function fileOf({ path, folder = path, line, name }) {
  return `${folder}/${name ?? `line-${line}.ts`}`
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, unknown>>} options
 * @param {readonly string[]} files
 * @returns {string} what the compiler says, one line for each error
 */
function compile(name, options, files) {
  const config = {
    extends: '../../../tooling/tsconfig/base.json',
    compilerOptions: {
      composite: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      rewriteRelativeImportExtensions: true,
      ...options,
    },
    files,
  }
  writeFileSync(join(root, workFolder, name), JSON.stringify(config, undefined, 2))
  const args = ['-p', join(workFolder, name), '--pretty', 'false']
  return spawnSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root, encoding: 'utf8' }).stdout
}

/**
 * The compiler's lines with the places in the documents instead of those in the extracted files.
 * @param {string} output
 * @param {readonly Fence[]} fences
 * @returns {string[]}
 */
export function inDocuments(output, fences) {
  const places = new Map(fences.map((fence) => [fileOf(fence), fence]))
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) =>
      line.replace(/^(?:.*\/doc-fences\/)(.+?)\((\d+),(\d+)\)/, (whole, file, row, column) => {
        const fence = places.get(file)
        return fence ? `${fence.path}:${fence.line + Number(row) - 1}:${column}` : whole
      }),
    )
}

/**
 * Compiles the blocks against the built packages, as a user has them, and runs those that are marked.
 * @param {readonly Fence[]} fences
 * @returns {string[]}
 */
function run(fences) {
  const marked = fences.filter((fence) => fence.run)
  if (marked.length === 0) return []
  const output = compile(
    'tsconfig.run.json',
    { customConditions: [], rootDir: '.', outDir: 'out' },
    fences.map(fileOf),
  )
  if (output.trim() !== '') return inDocuments(output, fences)
  return marked.flatMap((fence) => {
    const script = join(root, workFolder, 'out', fileOf(fence).replace(/\.ts$/, '.js'))
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 })
    return status === 0 ? [] : [`${fence.path}:${fence.line}: exits with ${status ?? 'a timeout'}\n${stderr}`]
  })
}

/** @param {readonly Fence[]} fences */
function extract(fences) {
  rmSync(join(root, workFolder), { recursive: true, force: true })
  mkdirSync(join(root, workFolder), { recursive: true })
  writeFileSync(join(root, workFolder, 'package.json'), '{ "type": "module" }\n')
  for (const fence of fences) {
    const target = join(root, workFolder, fileOf(fence))
    mkdirSync(dirname(target), { recursive: true })
    const isModule = /^(import|export)\b/m.test(fence.code)
    writeFileSync(target, isModule ? fence.code : `${fence.code}\nexport {}\n`)
  }
}

if (isMain(import.meta.url)) {
  const sources = projectFiles(/^packages\/[^/]+\/src\/.*\.ts$/)
  const tutorial = projectFiles(tutorialPages)
  const all = [
    ...projectFiles(documents).flatMap((file) => fencesOf(file)),
    ...sources.flatMap(docCommentFences),
  ]
  const blocks = all.filter(({ language }) => language === 'ts')
  const toRun = blocks.filter((fence) => fence.run).length
  const fences = [...blocks.filter(({ path }) => !tutorialPages.test(path)), ...projectsOf(tutorial)]
  const findings = sources.flatMap(bareExamples)
  for (const { path, line, language } of all)
    if (/^(typescript|tsx|mts|javascript|js|mjs)$/.test(language))
      findings.push(`${path}:${line}: a \`\`\`${language} block is not checked; write \`\`\`ts`)

  extract(fences)
  findings.push(...inDocuments(compile('tsconfig.json', { noEmit: true }, fences.map(fileOf)), fences))
  if (findings.length === 0) findings.push(...run(fences))

  const counted = JSON.stringify({ checked: blocks.length, run: toRun })
  const pinned = JSON.stringify(JSON.parse(readText(pins)))
  if (counted !== pinned)
    findings.push(`found ${counted}, ${pins} says ${pinned}: correct it if that was the intention`)
  report(findings, `${blocks.length} blocks of code type-checked, ${toRun} of them run`)
}
