// @ts-check
import { lineAt, parse } from './syntax.mjs'

/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */

/**
 * One block of code in a document. `line` is that of its first line of code; `name` is what later blocks of the same
 * document may import it as; `folder` is where it is put, if not at its document's path; `words` are all that follows the
 * language.
 * @typedef {{
 *   readonly path: string, readonly line: number, readonly code: string,
 *   readonly language: string, readonly run: boolean, readonly name: string | undefined,
 *   readonly words: readonly string[], readonly folder?: string,
 * }} Fence
 */

/**
 * The blocks of code in a document. What follows the language: `run` has the block executed, `name=shop.ts` lets later
 * blocks of the document import it as `./shop.ts`.
 * @param {SourceFile} document
 * @param {number} [firstLine] the line at which the text begins in its file
 * @returns {Fence[]}
 */
export function fencesOf({ path, text }, firstLine = 1) {
  return [...text.matchAll(/^( *)```([^\n`]*)\n([\s\S]*?)^\1``` *$/gm)].map((match) => {
    const [, indent = '', info = '', body = ''] = match
    const [language = '', ...words] = info.trim().split(/\s+/)
    return {
      path,
      line: firstLine + text.slice(0, match.index).split('\n').length,
      code: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      language,
      run: words.includes('run'),
      name: words.find((word) => word.startsWith('name='))?.slice('name='.length),
      words,
    }
  })
}

/**
 * The blocks of code in the doc comments of a source.
 * @param {SourceFile} source
 * @returns {Fence[]}
 */
export function docCommentFences(source) {
  return docComments(source).flatMap(({ text, line }) => fencesOf({ path: source.path, text }, line))
}

/**
 * Doc comments with an `@example` that shows no block of code.
 * @param {SourceFile} source
 * @returns {string[]}
 */
export function bareExamples(source) {
  return docComments(source)
    .filter(({ text }) =>
      text
        .split(/@example\b/)
        .slice(1)
        .some((example) => !/^ *```ts\b/m.test(example)),
    )
    .map(({ line }) => `${source.path}:${line}: an @example without a \`\`\`ts block`)
}

/** @param {SourceFile} source */
function docComments(source) {
  return parse(source)
    .comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
    .map(({ value, start }) => ({
      text: value.replaceAll(/^[ \t]*\* ?/gm, ''),
      line: lineAt(source.text, start),
    }))
}
