/** What `POSTHORN_TEST_MODEL` asks for, such as `runs=500&seed=42`. */
export interface ModelOptions {
  readonly runs?: number
  readonly seed: number
  /** Which run of a seed, and which of its steps: as a report names them. */
  readonly replay?: { readonly path: string; readonly steps: string }
}

export function readOptions(text = ''): ModelOptions {
  const given = new URLSearchParams(text)
  const unknown = [...given.keys()].filter((key) => !['runs', 'seed', 'path', 'steps'].includes(key))
  if (unknown.length > 0) throw new Error(`POSTHORN_TEST_MODEL knows no ${unknown.join(', ')}`)
  const [runs, path, steps] = ['runs', 'path', 'steps'].map((key) => given.get(key))
  return {
    seed: Number(given.get('seed') ?? Date.now() % 2 ** 31),
    ...(runs == null ? {} : { runs: Number(runs) }),
    ...(path == null || steps == null ? {} : { replay: { path, steps } }),
  }
}

/** The text that has just this run made again. */
export function replayText(seed: number, path: string, steps: string): string {
  return new URLSearchParams({ seed: String(seed), path, steps }).toString()
}
