import type { Line } from './run-in-world.ts'

/** The lines as a table in Markdown. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map(({ labels, kills, orders, redelivered, lateAnswers, ledgers, differences }) => [
    labels.map(({ name }) => name).join(' '),
    labels.length === 1 ? (labels[0]?.state ?? '') : `${labels.length} labels`,
    kills,
    orders,
    redelivered,
    lateAnswers,
    ledgers,
    differences.length === 0 ? 'yes' : `NO: ${differences.slice(0, 5).join('; ')}`,
  ])
  const head = ['label', 'state', 'kills', 'orders', 'redelivered', 'late answers', 'ledgers', 'clean']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
