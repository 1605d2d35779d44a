// @ts-check
import { existsSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { addressOf, pages, root, staged } from './pages.mjs'

const repository = 'https://github.com/posthorn/posthorn'
const documents = new Map(Object.entries(pages).map(([path, page]) => [page, path]))

/**
 * Where a link of a document leads on the site: to another page, or to the file in the repository.
 * @param {string} href
 * @param {string} from the document's path in the repository
 * @returns {string}
 */
export function siteLink(href, from) {
  if (/^([a-z][a-z+.-]*:|#)/.test(href)) return href
  const [target = '', anchor] = href.split('#')
  const path = posix.join(posix.dirname(from), decodeURI(target)).replace(/\/$/, '')
  const page = pages[path] ?? pages[`${path}/README.md`]
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (page !== undefined) return addressOf(page) + hash
  if (!existsSync(join(root, path))) throw new Error(`${from}: ${href} does not exist`)
  return `${repository}/blob/main/${path}${hash}`
}

/** For markdown-it: links as above, and diagrams as what the theme draws. @param {import('markdown-it')} md */
export function asOnTheSite(md) {
  md.core.ruler.push('site-links', ({ tokens, env }) => {
    const from = documents.get(relative(staged, env.path)) ?? ''
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== 'link_open') continue
      token.attrSet('href', siteLink(String(token.attrGet('href')), from))
    }
  })
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info = '', content = '' } = tokens[index] ?? {}
    if (info.trim() === 'mermaid') return `<pre class="mermaid" v-pre>${md.utils.escapeHtml(content)}</pre>`
    return fence?.(tokens, index, options, env, self) ?? ''
  }
}
