// @ts-check
import { dirname, join } from 'node:path/posix'
import { parse } from './syntax.mjs'

/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */
/** @typedef {import('oxc-parser').Node & { readonly start: number, readonly end: number }} Node */
/** @typedef {{ readonly file: SourceFile, readonly nodes: readonly Node[] }} Declaration */
/** @typedef {{ readonly name: string, readonly kind: string, readonly summary: string, readonly signature: string }} PublicSymbol */

/**
 * What a package's entry point exports, by name: read from its declaration files, following re-exports.
 * @param {string} entry path of a `.d.ts` file
 * @param {(path: string) => string} read
 * @returns {PublicSymbol[]}
 */
export function publicSurface(entry, read) {
  const file = { path: entry, text: read(entry) }
  /** @type {PublicSymbol[]} */
  const symbols = []
  const names = parse(file).module.staticExports.flatMap(({ entries }) =>
    entries.map(({ exportName }) => exportName.name),
  )
  for (const name of new Set(names)) {
    if (name === null) throw new Error(`${entry}: exports must be listed by name`)
    const declaration = resolve(file, name, read)
    if (declaration === undefined) throw new Error(`${entry}: cannot find what it exports as ${name}`)
    symbols.push(describe(name, declaration))
  }
  return symbols.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * @param {SourceFile} file
 * @param {string} name
 * @param {(path: string) => string} read
 * @returns {Declaration | undefined}
 */
function resolve(file, name, read) {
  const { module, program } = parse(file)
  /** @type {(specifier: string, imported: string) => Declaration | undefined} */
  const elsewhere = (specifier, imported) => {
    const path = join(dirname(file.path), specifier.replace(/\.[jt]s$/, '.d.ts'))
    return resolve({ path, text: read(path) }, imported, read)
  }
  let local = name
  for (const { entries } of module.staticExports) {
    const entry = entries.find(({ exportName }) => exportName.name === name)
    if (entry?.moduleRequest) return elsewhere(entry.moduleRequest.value, entry.importName.name ?? name)
    if (entry) local = entry.localName.name ?? name
  }
  for (const { moduleRequest, entries } of module.staticImports) {
    const entry = entries.find(({ localName }) => localName.value === local)
    if (entry) return elsewhere(moduleRequest.value, entry.importName.name ?? local)
  }
  const nodes = program.body.filter((node) => {
    const declaration = node.type === 'ExportNamedDeclaration' ? (node.declaration ?? node) : node
    return namesOf(declaration).includes(local)
  })
  return nodes.length === 0 ? undefined : { file, nodes }
}

/**
 * @param {import('oxc-parser').Node} node
 * @returns {string[]}
 */
function namesOf(node) {
  if (node.type === 'VariableDeclaration')
    return node.declarations.map(({ id }) => ('name' in id ? id.name : ''))
  return 'id' in node && node.id && 'name' in node.id ? [String(node.id.name)] : []
}

/**
 * @param {string} name
 * @param {Declaration} declaration
 * @returns {PublicSymbol}
 */
function describe(name, { file, nodes }) {
  const signature = nodes.map((node) => signatureOf(file, node)).join('\n')
  const [kind = ''] = /^(abstract class|class|function|interface|type|const)\b/.exec(signature) ?? ['value']
  const doc = nodes.map((node) => docBefore(file, node)).find((text) => text !== undefined)
  return { name, kind, summary: firstSentence(doc ?? ''), signature }
}

/**
 * A declaration without comments, private members and the words that only say that it is exported.
 * @param {SourceFile} file
 * @param {Node} node
 */
function signatureOf(file, node) {
  const { start, end } = node
  let text = file.text.slice(start, end)
  for (const comment of [...parse(file).comments].reverse())
    if (comment.start >= start && comment.end <= end)
      text = text.slice(0, comment.start - start) + text.slice(comment.end - start)
  return text
    .replace(/^(export\s+)?(declare\s+)?/, '')
    .split('\n')
    .map((line) => line.trimEnd().replace(/^( {4})+/, (indent) => ' '.repeat(indent.length / 2)))
    .filter((line) => line !== '' && !/^\s*(#private;|private )/.test(line))
    .join('\n')
}

/**
 * The text of the doc comment that stands right before a declaration.
 * @param {SourceFile} file
 * @param {Node} node
 */
function docBefore(file, node) {
  const comment = parse(file)
    .comments.filter(({ end }) => end <= node.start)
    .at(-1)
  if (comment === undefined || comment.type !== 'Block' || !comment.value.startsWith('*')) return undefined
  if (file.text.slice(comment.end, node.start).trim() !== '') return undefined
  return comment.value.replaceAll(/^\s*\*+ ?/gm, '')
}

/** @param {string} doc */
function firstSentence(doc) {
  const [paragraph = ''] = doc.trim().split(/\n\s*\n|\n\s*@/)
  const text = paragraph
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link ([^\s}|]+)[\s|]*([^}]*)\}/g, (_, name, label) => label || name)
  return /^@/.test(text) ? '' : (/^.+?[.!?](?= +\P{Ll}|$)/u.exec(text)?.[0] ?? text).trim()
}
