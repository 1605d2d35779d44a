import { allMutants } from './all-mutants.ts'
import { type Mutant, mutate } from './mutant.ts'

interface Loaded {
  readonly format: string
  readonly source?: string | ArrayBuffer | Uint8Array
}

let mutant: Mutant | undefined

/** Module hooks of Node: the core is loaded as the mutant has it. */
export function initialize({ name }: { readonly name: string }): void {
  mutant = allMutants.find((one) => one.name === name)
  if (mutant === undefined) throw new Error(`There is no mutant "${name}"`)
}

export async function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await nextLoad(url, context)
  const patches = mutant?.patches.filter(({ file }) => url.endsWith(`/packages/core/dist/${file}`)) ?? []
  if (patches.length === 0) return loaded
  return { ...loaded, source: patches.reduce(mutate, String(loaded.source)) }
}
