import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program in these folders or on the PATH; undefined where this machine has none. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders, ...path].map((folder) => join(folder, name)).find(isExecutable)
}

/** Debian keeps the programs of each version of Postgres in a folder of its own. */
export function postgresFolders(): readonly string[] {
  const home = '/usr/lib/postgresql'
  try {
    return readdirSync(home)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(home, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
