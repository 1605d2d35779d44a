import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Mutant } from './mutant.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export interface Caught {
  /** How many seeds it took, this one included. */
  readonly seeds: number
  readonly invariant: string
}

/** Simulates with a mutant of the core until a promise is broken. Null when none is. */
export async function catchMutant(
  { name, world = 'services' }: Mutant,
  seeds: number,
): Promise<Caught | null> {
  const args = ['--import', here('./with-mutant.js'), here('./run-until-caught.js'), world, String(seeds)]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, POSTHORN_MUTANT: name },
  })
  return JSON.parse(stdout) as Caught | null
}
