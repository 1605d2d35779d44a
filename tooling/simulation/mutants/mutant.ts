import type { WorldName } from '../run-seeds.ts'

/** A fault that somebody could have written: what stands in a file of the built core, and what would stand there. */
export interface Mutant {
  readonly name: string
  /** Where it is looked for. Default the services. */
  readonly world?: WorldName
  readonly patches: readonly Patch[]
}

export interface Patch {
  /** Below `packages/core/dist`. */
  readonly file: string
  /** Blanks and line breaks count as one blank. It must stand there exactly once. */
  readonly from: string
  readonly to: string
}

/** @throws {Error} when the code has changed and the mutant with it must */
export function mutate(source: string, { file, from, to }: Patch): string {
  const escaped = from.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(escaped.replaceAll(/\s+/g, '\\s+'), 'g')
  const count = source.match(pattern)?.length ?? 0
  if (count !== 1) throw new Error(`${file} has this ${count} times, not once: ${from}`)
  return source.replace(pattern, () => to)
}
