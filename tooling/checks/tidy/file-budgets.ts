import type { SourceFile } from '../workspace.mjs'

const budget = { median: 75, p90: 250, source: 400, test: 500, decision: 60 }

const isTest = (path: string) => /(^|\/)test\//.test(path) || path.endsWith('.test.ts')

/** Files that are too long, each with the budget that it breaks. */
export function overlongFiles(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = lineCount(text)
    const limit = path.endsWith('.md') ? budget.decision : isTest(path) ? budget.test : budget.source
    return lines > limit ? [`${path}: ${lines} lines, budget ${limit}`] : []
  })
}

/** The same for all sources together: what is usual, and what is rare. */
export function overlongOnTheWhole(sources: readonly SourceFile[]): string[] {
  const lengths = sources.map(({ text }) => lineCount(text)).sort((a, b) => a - b)
  const at = (share: number) => lengths[Math.max(0, Math.ceil(share * lengths.length) - 1)] ?? 0
  const findings: string[] = []
  if (at(0.5) > budget.median) findings.push(`median ${at(0.5)} lines, budget ${budget.median}`)
  if (at(0.9) > budget.p90) findings.push(`90th percentile ${at(0.9)} lines, budget ${budget.p90}`)
  return findings
}

function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}
