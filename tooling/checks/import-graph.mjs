// @ts-check
import { dirname, join } from 'node:path/posix'
import { lineAt, literalText, parse, visit } from './syntax.mjs'

/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */
/** @typedef {{ readonly specifier: string, readonly target: string, readonly line: number }} Import */

/**
 * All that a file imports or re-exports, types included, statically or with `import()`.
 * A relative specifier's target is a path from the root; any other target is the specifier itself.
 * @param {SourceFile} file
 * @returns {Import[]}
 */
export function importsOf(file) {
  /** @type {Import[]} */
  const found = []
  /** @type {(specifier: string, offset: number) => void} */
  const add = (specifier, offset) => {
    const target = specifier.startsWith('.') ? join(dirname(file.path), specifier) : specifier
    found.push({ specifier, target, line: lineAt(file.text, offset) })
  }
  const { module } = parse(file)
  for (const { moduleRequest } of module.staticImports) add(moduleRequest.value, moduleRequest.start)
  for (const { entries } of module.staticExports) {
    const request = entries[0]?.moduleRequest
    if (request) add(request.value, request.start)
  }
  visit(file, {
    ImportExpression: ({ source, start }) => {
      const specifier = literalText(source)
      if (specifier !== undefined) add(specifier, start)
    },
    TSImportType: ({ source, start }) => add(source.value, start),
  })
  return found
}

/**
 * Groups of files that import each other in a circle, each as the shortest circle through its first file.
 * @param {ReadonlyMap<string, readonly Import[]>} graph
 * @returns {string[][]}
 */
export function importCycles(graph) {
  /** @type {string[][]} */
  const cycles = []
  const reported = new Set()
  for (const start of graph.keys()) {
    if (reported.has(start)) continue
    const cycle = shortestCycle(graph, start)
    if (cycle === undefined) continue
    cycles.push(cycle)
    for (const path of cycle) reported.add(path)
  }
  return cycles
}

/**
 * @param {ReadonlyMap<string, readonly Import[]>} graph
 * @param {string} start
 * @returns {string[] | undefined}
 */
function shortestCycle(graph, start) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map()
  const queue = [start]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const { target } of graph.get(path) ?? []) {
      if (target === start) {
        const cycle = [path]
        for (let at = path; at !== start; ) {
          at = /** @type {string} */ (cameFrom.get(at))
          cycle.unshift(at)
        }
        return cycle
      }
      if (cameFrom.has(target) || !graph.has(target)) continue
      cameFrom.set(target, path)
      queue.push(target)
    }
  }
  return undefined
}
