import { setTimeout as pause } from 'node:timers/promises'

/** One request, and what came of it. */
export interface Asked {
  /** The answer's status, or what kept the answer from coming. */
  readonly outcome: number | string
  /** In ms. */
  readonly took: number
}

/** Makes the n-th request; gives the answer's status. */
export type Ask = (n: number) => Promise<number>

/** Waits for the answers to all that has been asked. */
export type EndLoad = () => Promise<readonly Asked[]>

/** Asks so many times a second, however long the answers take. */
export function askSteadily(perSecond: number, ask: Ask): EndLoad {
  const begun = performance.now()
  const asked: Promise<Asked>[] = []
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begun) / 1_000) * perSecond)
    while (asked.length < due) asked.push(timed(ask, asked.length))
  }, 5)
  return () => {
    clearInterval(timer)
    return Promise.all(asked)
  }
}

/** So many clients ask, each again when it has its answer. */
export function askInTurns(clients: number, ask: Ask): EndLoad {
  const asked: Asked[] = []
  let asking = true
  let n = 0
  const client = async () => {
    while (asking) {
      asked.push(await timed(ask, n++))
      await pause(50)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  return async () => {
    asking = false
    await all
    return asked
  }
}

async function timed(ask: Ask, n: number): Promise<Asked> {
  const asking = performance.now()
  const outcome = await ask(n).catch((error: Error) => String(error.cause ?? error))
  return { outcome, took: performance.now() - asking }
}

/** How often each outcome was had. */
export function countOutcomes(asked: readonly Asked[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { outcome } of asked) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/** In ms: so long, or less, took the given share of all answers. */
export function quantile(asked: readonly Asked[], share: number): number {
  const sorted = asked.map(({ took }) => took).sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}
