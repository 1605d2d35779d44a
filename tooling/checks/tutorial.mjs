// @ts-check
import { fencesOf } from './fences.mjs'

/** @typedef {import('./fences.mjs').Fence} Fence */
/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */

/** The pages of the tutorial, each of which goes on where the one before ended. */
export const tutorialPages = /^docs\/tutorial\/\d\d-[^/]+\.md$/

/**
 * The file that a `diff` block makes of another. Its lines without `+` stand in the file just once, one after another.
 * @param {string} text
 * @param {Pick<Fence, 'path' | 'line' | 'code'>} block
 * @returns {string}
 */
export function patched(text, { path, line, code }) {
  const lines = code.replace(/\n$/, '').split('\n')
  const without = (/** @type {string} */ sign) =>
    lines.filter((one) => !one.startsWith(sign)).map((one) => `${one.slice(1)}\n`)
  const [before, after] = [without('+').join(''), without('-').join('')]
  const lead = `\n${text}`
  const at = lead.indexOf(`\n${before}`)
  if (at === -1 || at !== lead.lastIndexOf(`\n${before}`)) {
    throw new Error(`${path}:${line}: its old lines do not stand in the file just once`)
  }
  return text.slice(0, at) + after + text.slice(at + before.length)
}

/**
 * The TypeScript files of the reader's project as they stand at the end of each page, those from earlier pages among them.
 * @param {readonly SourceFile[]} pages in their order
 * @returns {Fence[]}
 */
export function projectsOf(pages) {
  /** @type {Map<string, Fence>} */
  const files = new Map()
  return pages.flatMap((page) => {
    for (const [name, fence] of files) files.set(name, { ...fence, run: false })
    for (const fence of fencesOf(page)) {
      const { name, language } = fence
      if (name === undefined) continue
      if (language === 'ts') files.set(name, fence)
      const known = files.get(name)
      if (language === 'diff' && known !== undefined) {
        files.set(name, { ...known, code: patched(known.code, fence) })
      }
    }
    return [...files.values()].map((fence) => ({ ...fence, folder: page.path }))
  })
}
