import { Failure } from './failure.mjs'

/**
 * A way to get a server: answers `undefined` when this machine does not offer it, fails with a reason when it does
 * but that went wrong.
 * @template T
 * @typedef {{ name: string, provide: () => Promise<T | undefined> }} Way
 */

/**
 * Tries each way in turn; the next one is tried after a failure too, which is told.
 * @template T
 * @param {string} what
 * @param {Way<T>[]} ways
 * @param {{ only?: string, log: (line: string) => void }} options
 * @returns {Promise<T>}
 */
export async function firstThatWorks(what, ways, { only, log }) {
  const allowed = ways.filter((way) => !only || way.name === only)
  if (allowed.length === 0) throw new Failure(`There is no way "${only}" to get ${what}.`)
  const reasons = []
  for (const { name, provide } of allowed) {
    try {
      const found = await provide()
      if (found) return found
      reasons.push(`${name}: not available here`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      reasons.push(`${name}: ${error.message}`)
      log(`${what} by "${name}" went wrong: ${error.message}`)
    }
  }
  throw new Failure(`${what} could not be had (${reasons.join('; ')}).`)
}
