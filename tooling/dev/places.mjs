import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What may be thrown away at any time and is expensive to get again. */
export const cacheFolder = join(root, 'node_modules', '.cache', 'posthorn')

/** The same for all clones of one user. */
export const userCacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'posthorn')

/**
 * A program of the installed workspace.
 * @param {string} name
 * @returns {string}
 */
export function workspaceProgram(name) {
  return join(root, 'node_modules', '.bin', name)
}
