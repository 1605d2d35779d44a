import type { SourceFile } from '../workspace.mjs'
import { testTitles } from './test-code.ts'

const citation = /`test: ([^\s`<>]+) › ([^`]+)`/g

/**
 * What is wrong with the invariants of ARCHITECTURE.md: the numbered list under `## Invariants`, each item of which
 * cites at least one test.
 */
export function unguardedInvariants(architecture: string, tests: readonly SourceFile[]): string[] {
  const findings: string[] = []
  const items = invariantsOf(architecture)
  if (items.length === 0) findings.push('ARCHITECTURE.md has no numbered list under "## Invariants"')
  items.forEach((item, i) => {
    const [number = ''] = item.split('.')
    if (Number(number) !== i + 1) findings.push(`invariant ${number} stands at place ${i + 1}`)
    if (item.match(citation) === null) findings.push(`invariant ${number} cites no test`)
  })
  return [...findings, ...deadCitations(architecture, tests)]
}

/** Tests that a document cites, as `` `test: <path> › <title>` `` with the innermost title, and that do not exist. */
export function deadCitations(document: string, tests: readonly SourceFile[]): string[] {
  return [...document.matchAll(citation)].flatMap(([, path = '', title = '']) => {
    const file = tests.find((test) => test.path === path)
    if (file === undefined) return [`${path} is cited and is not a test file`]
    if (testTitles(file).some((pattern) => pattern.test(title))) return []
    return [`${path} has no test “${title}”`]
  })
}

function invariantsOf(architecture: string): string[] {
  const section = /^## Invariants$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(architecture)?.[1] ?? ''
  return section.split(/^(?=\d+\. )/m).filter((item) => /^\d+\. /.test(item))
}
