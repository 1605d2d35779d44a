// @ts-check
import { parseSync, Visitor } from 'oxc-parser'

/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */
/** @typedef {import('oxc-parser').ParseResult} ParseResult */

/** @type {Map<string, ParseResult>} */
const parsed = new Map()

/**
 * @param {SourceFile} file
 * @returns {ParseResult}
 */
export function parse(file) {
  const key = `${file.path}\0${file.text}`
  let result = parsed.get(key)
  if (result === undefined) {
    result = parseSync(file.path, file.text)
    const error = result.errors[0]
    if (error !== undefined) throw new Error(`${file.path} does not parse: ${error.message}`)
    parsed.set(key, result)
  }
  return result
}

/**
 * @param {SourceFile} file
 * @param {import('oxc-parser').VisitorObject} visitor
 */
export function visit(file, visitor) {
  new Visitor(visitor).visit(parse(file).program)
}

/**
 * @param {string} text
 * @param {number} offset
 */
export function lineAt(text, offset) {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/**
 * The text of a literal, or undefined for anything that is computed.
 * @param {import('oxc-parser').Node | null | undefined} node
 * @returns {string | undefined}
 */
export function literalText(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined
  return undefined
}
