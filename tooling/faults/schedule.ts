import type { Fault } from './fault.ts'
import { seeded } from './random.ts'

/** One injection: after a pause, for a time (both in ms), with chances of its own. */
export interface Injection {
  readonly fault: string
  readonly pause: number
  readonly lasts: number
  readonly seed: number
}

/**
 * What happens in each lane, one after another: a function of what is given, and of nothing else. Each lane goes through its faults in ever new orders, so that all come equally often.
 */
export function schedule(
  seed: number,
  seconds: number,
  faults: readonly Pick<Fault, 'name' | 'lane' | 'lasts'>[],
  pauses: readonly [number, number] = [300, 4_000],
): ReadonlyMap<Fault['lane'], readonly Injection[]> {
  const random = seeded(seed)
  const lanes = new Map<Fault['lane'], Injection[]>()
  for (const lane of new Set(faults.map((fault) => fault.lane))) {
    const kinds = faults.filter((fault) => fault.lane === lane)
    const injections: Injection[] = []
    for (let at = 0; at < seconds * 1_000; ) {
      for (const { name, lasts } of random.shuffle(kinds)) {
        const injection = {
          fault: name,
          pause: random.int(...pauses),
          lasts: random.int(...lasts),
          seed: random.int(0, 2 ** 31 - 1),
        }
        injections.push(injection)
        at += injection.pause + injection.lasts
      }
    }
    lanes.set(lane, injections)
  }
  return lanes
}
