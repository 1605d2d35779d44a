// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Looks at the built site as a browser would: every link within it leads to a page, and every anchor to a place in it. */
const site = fileURLToPath(new URL('dist/site', import.meta.url))
const html = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'))
const pages = new Map(html.map((path) => [path, readFileSync(join(site, path), 'utf8')]))
const ids = new Map([...pages].map(([path, text]) => [path, idsIn(text)]))

/** @type {string[]} */
const findings = []
let links = 0
for (const [path, text] of pages) {
  if (path === '404.html') continue
  for (const [, href = ''] of text.matchAll(/<a\b[^>]*?\bhref="([^"]*)"/g)) {
    if (/^[a-z][a-z+.-]*:/.test(href)) continue
    links += 1
    const [target = '', anchor = ''] = decodeURI(href).split('#')
    const page =
      target === '' ? path : pageAt(posix.join('/', target.startsWith('/') ? '' : dirname(path), target))
    if (page === undefined) findings.push(`${path}: ${href} leads nowhere`)
    else if (anchor !== '' && ids.get(page)?.has(anchor) === false)
      findings.push(`${path}: ${href} has no such place`)
  }
}
for (const finding of findings) console.error(finding)
if (findings.length === 0) console.log(`${pages.size} pages, ${links} links within the site, none dead`)
process.exitCode = findings.length === 0 ? 0 : 1

/** @param {string} address @returns {string | undefined} */
function pageAt(address) {
  const path = address.slice(1)
  const found = [path, `${path}.html`, posix.join(path, 'index.html')].find(
    (candidate) =>
      pages.has(candidate) ||
      (candidate !== '' && /\.\w+$/.test(candidate) && existsSync(join(site, candidate))),
  )
  return found
}

/** @param {string} text */
function idsIn(text) {
  return new Set([...text.matchAll(/\bid="([^"]*)"/g)].map(([, id = '']) => id))
}
