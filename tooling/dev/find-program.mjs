import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The path of a program, looked for in these folders first and then on the PATH.
 * @param {string} name
 * @param {string[]} [folders]
 * @returns {string | undefined}
 */
export function findProgram(name, folders = []) {
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return [...folders, ...path].map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * The real folder that holds a program and another one that belongs to it.
 * @param {string} program
 * @param {string} companion
 * @returns {string | undefined}
 */
export function folderOfBoth(program, companion) {
  const folder = join(realpathSync(program), '..')
  return isExecutable(join(folder, companion)) ? folder : undefined
}

/**
 * The subfolders of a folder, highest version first; none where the folder does not exist.
 * @param {string} folder
 * @returns {string[]}
 */
export function versionsIn(folder) {
  try {
    return readdirSync(folder)
      .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** @param {string} path @returns {boolean} */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
