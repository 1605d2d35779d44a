import { dirname, join } from 'node:path/posix'
import type { SourceFile } from '../workspace.mjs'

const link = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g
const codeSpan = /`([^`\n]+)`/g
const fence = /^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm
const repoPath =
  /^(\.\/)?(packages|services|docs|tooling|examples|benchmarks|deploy|\.changeset|\.ci|\.github)(\/[^\s`]*)?$/
const rootFile =
  /^(README|ARCHITECTURE|CONTRIBUTING|AGENTS|CLAUDE|LICENSE|docker-compose|turbo|biome|knip)(\.[a-z]+)$/

/**
 * Paths that documents mention and that do not exist: targets of links (with their `#heading`), and code spans that
 * begin like a path of the repository. `*` stands for one segment or a part of it; a span with `<…>` or `…` is a
 * pattern for people and is left alone, as is what a build makes.
 */
export function deadPaths(documents: readonly SourceFile[], paths: readonly string[]): string[] {
  const known = withFolders(paths)
  const headings = new Map(documents.map(({ path, text }) => [path, headingIds(text)]))
  return documents.flatMap(({ path, text }) => {
    const prose = text.replaceAll(fence, (block) => block.replaceAll(/[^\n]/g, ' '))
    const findings: string[] = []
    const missing = (what: string, at: number) =>
      findings.push(`${path}:${prose.slice(0, at).split('\n').length}: ${what} does not exist`)

    for (const match of prose.replaceAll(codeSpan, (span) => ' '.repeat(span.length)).matchAll(link)) {
      const [target = '', anchor] = decodeURI(match[1] ?? '').split('#')
      if (/^[a-z][a-z+.-]*:/.test(target)) continue
      const file = target === '' ? path : join(dirname(path), target).replace(/\/$/, '')
      if (!known.has(file)) missing(match[1] ?? '', match.index)
      else if (anchor !== undefined && headings.get(file)?.has(anchor) === false)
        missing(match[1] ?? '', match.index)
    }
    for (const match of prose.matchAll(codeSpan)) {
      const span = (match[1] ?? '')
        .replace(/^\.\//, '')
        .replace(/[:#]\d+$/, '')
        .replace(/\/$/, '')
      if (!repoPath.test(span) && !rootFile.test(span)) continue
      if (/[<…{]|\/dist(\/|$)|node_modules/.test(span)) continue
      if (!exists(span, known)) missing(span, match.index)
    }
    return findings
  })
}

function exists(span: string, known: ReadonlySet<string>): boolean {
  if (!span.includes('*')) return known.has(span)
  const escaped = span.replaceAll(/[.+?^$()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(
    `^${escaped
      .replaceAll('**/', '(.+/)?')
      .replaceAll('**', '.+')
      .replaceAll(/(?<!\.)\*/g, '[^/]*')}$`,
  )
  return [...known].some((path) => pattern.test(path))
}

function withFolders(paths: readonly string[]): Set<string> {
  const known = new Set(['.'])
  for (const path of paths) for (let at = path; at !== '.'; at = dirname(at)) known.add(at)
  return known
}

/** The anchors that GitHub gives to a document's headings. */
function headingIds(text: string): Set<string> {
  const ids = new Set<string>()
  for (const [, heading = ''] of text.replaceAll(fence, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const id = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let unique = id
    for (let n = 1; ids.has(unique); n++) unique = `${id}-${n}`
    ids.add(unique)
  }
  return ids
}
