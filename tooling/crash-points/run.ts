import { type Random, seeded } from '../faults/random.ts'
import type { Label } from './labels.ts'
import { type Line, runInWorld } from './run-in-world.ts'
import { type Servers, startWorld } from './world.ts'

export interface RunOptions {
  readonly servers: Servers
  readonly labels: readonly Label[]
  /** At each label. */
  readonly kills: number
  readonly seed: number
  /** Whether labels share a world and its ledger, or each has a world of its own. */
  readonly together?: boolean
  readonly log?: (line: string) => void
}

/** Worlds at once: one settles while another one kills. */
const LANES = 3

/** Kills workers at labels, as often as asked, and balances the ledger of each world. */
export async function run(options: RunOptions): Promise<readonly Line[]> {
  const { labels, together = false, log = () => undefined } = options
  const groups = together ? sharing(labels) : labels.map((label) => [label])
  const lines: Line[] = []
  const waiting = groups.entries()
  const lane = async () => {
    for (const [index, group] of waiting) {
      const line = await runLine(group, options, seeded(options.seed + index))
      lines.push(line)
      const names = group.map(({ name }) => name).join(' ')
      log(`${names}: ${line.differences.length === 0 ? 'clean' : line.differences.join('; ')}`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return lines.sort((a, b) => labels.indexOf(a.labels[0] as Label) - labels.indexOf(b.labels[0] as Label))
}

/** Those who want order need a world of their own. */
function sharing(labels: readonly Label[]): readonly (readonly Label[])[] {
  const of = (wanted: boolean) => labels.filter(({ ordered }) => ordered === wanted)
  return [of(false), of(true)].filter((group) => group.length > 0)
}

async function runLine(
  labels: readonly Label[],
  { servers, kills }: RunOptions,
  random: Random,
): Promise<Line> {
  const world = await startWorld(
    servers,
    labels.some(({ ordered }) => ordered),
  )
  try {
    return await runInWorld(world, labels, kills, random)
  } finally {
    await world.stop()
  }
}
