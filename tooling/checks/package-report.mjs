// @ts-check
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * What one package weighs, and what it brings along.
 * @typedef {{
 *   readonly name: string, readonly packed: number, readonly unpacked: number, readonly files: number,
 *   readonly dependencies: readonly Dependency[], readonly peers: Readonly<Record<string, string>>,
 * }} Package Sizes in bytes.
 * @typedef {{ readonly name: string, readonly version: string, readonly license: string }} Dependency
 */

/**
 * All that is installed with a package at run time, peers not counted: its dependencies, theirs, and so on.
 * @param {string} folder of the package, with its dependencies installed
 * @returns {Dependency[]}
 */
export function runtimeDependencies(folder) {
  /** @type {Map<string, Dependency>} */
  const found = new Map()
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const dependency of Object.keys(manifestOf(at).dependencies ?? {})) {
      const place = installedAt(dependency, at)
      if (found.has(place)) continue
      const { name, version, license = 'unknown' } = manifestOf(place)
      found.set(place, { name, version, license })
      waiting.push(place)
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name))
}

/**
 * @param {string} folder of the package
 * @param {string} tarball
 * @param {readonly { readonly size: number }[]} files inside the tarball
 * @returns {Package}
 */
export function describePackage(folder, tarball, files) {
  const { name, peerDependencies = {} } = manifestOf(folder)
  return {
    name,
    packed: statSync(tarball).size,
    unpacked: files.reduce((sum, { size }) => sum + size, 0),
    files: files.length,
    dependencies: runtimeDependencies(folder),
    peers: peerDependencies,
  }
}

/**
 * @param {readonly Package[]} packages
 * @returns {string} a table for people
 */
export function packageReport(packages) {
  const rows = packages.map(({ name, packed, unpacked, files, dependencies, peers }) => [
    name,
    kilobytes(packed),
    kilobytes(unpacked),
    String(files),
    dependencies.map((one) => `${one.name} ${one.version} (${one.license})`).join(', ') || 'none',
    Object.keys(peers).join(', ') || 'none',
  ])
  const table = [['package', 'packed', 'unpacked', 'files', 'brings along', 'peers'], ...rows]
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? []
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${Math.ceil(bytes / 1000)} kB`
}

/** @param {string} folder */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/**
 * @param {string} name
 * @param {string} folder from which it is looked for
 * @returns {string}
 */
function installedAt(name, folder) {
  const paths = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? []
  const place = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')))
  if (place === undefined) throw new Error(`${name}, on which ${dirname(folder)} depends, is not installed`)
  return realpathSync(place)
}
