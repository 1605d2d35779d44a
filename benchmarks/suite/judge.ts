import type { Row, Target } from './row.ts'
import type { Samples } from './run-row.ts'
import { difference, median, type Ratio, ratio } from './statistics.ts'

/** Whether a target was met, and by what. */
export interface Verdict {
  readonly text: string
  readonly value: Ratio
  readonly met: boolean
}

/** The figures of one measure, round by round. */
export function valuesOf(samples: Samples, contender: string, measure: string): readonly number[] {
  return (samples.get(contender) ?? []).flatMap((figures) => figures[measure] ?? [])
}

export function judge(row: Row, samples: Samples): readonly Verdict[] {
  return row.targets.map((target) => verdict(row, target, samples))
}

function verdict(row: Row, target: Target, samples: Samples): Verdict {
  const { contender, measure, against, atLeast = 0, atMost = Number.POSITIVE_INFINITY } = target
  const own = valuesOf(samples, contender, measure)
  if (target.atMostOver !== undefined) return over(target.atMostOver, target, own, samples)
  const value = against === undefined ? alone(own) : closest(row, target, own, samples)
  const bound = target.atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  return {
    text: `${contender}, ${measure}: ${bound}${against === undefined ? '' : ` × ${against}`}`,
    value,
    met: value.median >= atLeast && value.median <= atMost,
  }
}

function over(bound: number, target: Target, own: readonly number[], samples: Samples): Verdict {
  const { contender, measure, against = '' } = target
  const value = difference(own, valuesOf(samples, against, measure))
  const text = `${contender}, ${measure}: at most ${bound} more than ${against}`
  return { text, value, met: value.median <= bound }
}

function alone(values: readonly number[]): Ratio {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) }
}

/** The ratio to the other; of several others the one that is hardest to pass. */
function closest(
  row: Row,
  { measure, against, contender }: Target,
  own: readonly number[],
  samples: Samples,
): Ratio {
  const others = row.contenders
    .map(({ name }) => name)
    .filter((name) =>
      against === 'every peer' ? name !== contender && !name.startsWith('raw') : name === against,
    )
  const ratios = others
    .map((name) => ratio(own, valuesOf(samples, name, measure)))
    .toSorted((a, b) => a.median - b.median)
  const hardest = row.measures[measure] === 'more' ? ratios[0] : ratios.at(-1)
  if (hardest === undefined)
    throw new Error(`${row.name} has a target against ${against}, who is no contender`)
  return hardest
}
