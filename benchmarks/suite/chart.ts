import { formatted } from './print-result.ts'
import type { Result } from './results.ts'

const WIDTH = 860
const LABEL = 250
const BAR = 16
const GAP = 6
const HEAD = 44

/** One group of bars for each row's first measure; the longest bar of a group is its greatest figure. */
export function chartOf(results: readonly Result[]): string {
  let top = 10
  const groups = results.map((result) => {
    const group = groupOf(result, top)
    top += group.height
    return group.svg
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Posthorn beside its peers">
<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>
${groups.join('\n')}
</svg>
`
}

function groupOf({ title, measures, contenders }: Result, top: number): { svg: string; height: number } {
  const [measure = '', better] = Object.entries(measures)[0] ?? []
  const shown = contenders.filter(({ medians }) => medians[measure] !== undefined)
  const greatest = Math.max(...shown.map(({ medians }) => medians[measure] ?? 0))
  const bars = shown.map(({ name, medians }, index) => {
    const value = medians[measure] ?? 0
    const y = top + HEAD + index * (BAR + GAP)
    const length = Math.max(1, ((WIDTH - LABEL - 110) * value) / greatest)
    const color = name === 'posthorn' ? '#c2410c' : name.startsWith('raw') ? '#475569' : '#94a3b8'
    return [
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end" fill="#0f172a">${name}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${color}"/>`,
      `<text x="${(LABEL + length + 6).toFixed(1)}" y="${y + 12}" fill="#0f172a">${formatted(value)}</text>`,
    ].join('')
  })
  const svg = [
    `<text x="16" y="${top + 18}" font-weight="600" font-size="14" fill="#0f172a">${title}</text>`,
    `<text x="16" y="${top + 34}" fill="#475569">${measure}, ${better} is better</text>`,
    ...bars,
  ].join('\n')
  return { svg, height: HEAD + shown.length * (BAR + GAP) + 24 }
}
