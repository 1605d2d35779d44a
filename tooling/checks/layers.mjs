// @ts-check
import { importCycles, importsOf } from './import-graph.mjs'
import { codePattern, isMain, projectFiles, report } from './workspace.mjs'

/** @typedef {import('./workspace.mjs').SourceFile} SourceFile */

/**
 * Who may import what. `from` picks files by path; their imports must match one of `allow` (when given) and none of
 * `deny`. What is matched is a path from the root for relative imports, else the specifier.
 *
 * @typedef {{
 *   readonly rule: string, readonly from: RegExp, readonly except?: RegExp,
 *   readonly allow?: readonly RegExp[], readonly deny?: readonly RegExp[],
 * }} Layer
 * @type {readonly Layer[]}
 */
const layers = [
  {
    rule: 'core imports nothing but itself and node: built-ins',
    from: /^packages\/core\/src\//,
    except: /^packages\/core\/src\/opentelemetry\//,
    allow: [/^packages\/core\/src\//, /^node:/],
  },
  {
    rule: 'opentelemetry imports nothing but core and @opentelemetry/api',
    from: /^packages\/core\/src\/opentelemetry\//,
    allow: [/^packages\/core\/src\//, /^@opentelemetry\/api$/],
  },
  {
    rule: 'in core only its own entry point knows opentelemetry',
    from: /^packages\/core\/src\//,
    except: /^packages\/core\/src\/opentelemetry(\.ts$|\/)/,
    deny: [/^packages\/core\/src\/opentelemetry(\.ts$|\/)/],
  },
  {
    rule: 'messages imports nothing from the rest of core but errors.ts',
    from: /^packages\/core\/src\/messages\//,
    allow: [/^packages\/core\/src\/messages\//, /^packages\/core\/src\/errors\.ts$/, /^node:/],
  },
  {
    rule: 'nothing but tests imports the contract suites and the test kits',
    from: /^(packages|services)\/[^/]+\/src\//,
    except: /^packages\/[^/]+\/src\/(contract-tests\/|testing(\/|\.ts$))/,
    deny: [
      /^packages\/[^/]+\/src\/(contract-tests\/|testing(\/|\.ts$))/,
      /^@posthorn\/[^/]+\/(contract-tests|testing)$/,
    ],
  },
  {
    rule: 'rabbitmq does not know uow-drizzle',
    from: /^packages\/rabbitmq\//,
    deny: [/^@posthorn\/uow-drizzle/],
  },
  {
    rule: 'uow-drizzle does not know rabbitmq',
    from: /^packages\/uow-drizzle\//,
    deny: [/^@posthorn\/rabbitmq/],
  },
  {
    rule: 'packages know nothing of services',
    from: /^packages\//,
    deny: [/^@posthorn\/(?!core|rabbitmq|uow-drizzle)/],
  },
  {
    rule: 'services know each other only through @posthorn/contracts',
    from: /^services\/[^/]+\/src\//,
    deny: [/^@posthorn\/(allocation|notifications)/],
  },
  {
    rule: 'the chassis knows no service',
    from: /^services\/chassis\//,
    deny: [/^@posthorn\/(contracts|allocation|notifications)/],
  },
  {
    rule: 'the domain imports nothing but itself, the contracts and @posthorn/core',
    from: /^services\/[^/]+\/src\/domain\//,
    allow: [/^services\/[^/]+\/src\/domain\//, /^@posthorn\/contracts$/, /^@posthorn\/core$/],
  },
  {
    rule: 'the service layer does not know adapters and entrypoints',
    from: /^services\/[^/]+\/src\/service-layer\//,
    deny: [
      /^services\/[^/]+\/src\/(adapters|entrypoints)\//,
      /^services\/[^/]+\/src\/(bootstrap|config|main)\.ts$/,
      /^@posthorn\/(chassis|rabbitmq|uow-drizzle)$/,
    ],
  },
  {
    rule: 'only bootstrap.ts names adapters',
    from: /^services\/[^/]+\/src\//,
    except: /^services\/[^/]+\/src\/(bootstrap\.ts$|adapters\/)/,
    deny: [/^services\/[^/]+\/src\/adapters\//],
  },
]

/**
 * @param {readonly SourceFile[]} files
 * @param {ReadonlyMap<string, readonly string[]>} entryPoints for each package name, the specifiers that it exports
 * @returns {string[]} one line for each import that breaks a rule
 */
export function findLayerViolations(files, entryPoints) {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]))
  /** @type {string[]} */
  const findings = []
  for (const [path, imports] of graph) {
    for (const { specifier, target, line } of imports) {
      const broken = [...layers.filter((layer) => breaks(layer, path, target)).map(({ rule }) => rule)]
      if (reachesInside(path, specifier, target, entryPoints))
        broken.push("nobody imports another package's inner files")
      for (const rule of broken) findings.push(`${path}:${line}: imports '${specifier}': ${rule}`)
    }
  }
  for (const cycle of importCycles(graph))
    findings.push(`${cycle[0]}: import cycle: ${[...cycle, cycle[0]].join(' → ')}`)
  return findings
}

/** @type {(layer: Layer, path: string, target: string) => boolean} */
function breaks({ from, except, allow, deny }, path, target) {
  if (!from.test(path) || except?.test(path)) return false
  if (deny?.some((pattern) => pattern.test(target))) return true
  return allow !== undefined && !allow.some((pattern) => pattern.test(target))
}

/** @type {(path: string, specifier: string, target: string, entryPoints: ReadonlyMap<string, readonly string[]>) => boolean} */
function reachesInside(path, specifier, target, entryPoints) {
  if (specifier.startsWith('.')) {
    const isSharedFixture = !path.includes('/src/') && target.startsWith('tooling/')
    return packageOf(path) !== packageOf(target) && !isSharedFixture
  }
  const name = /^@posthorn\/[^/]+/.exec(specifier)?.[0]
  return name !== undefined && entryPoints.get(name)?.includes(specifier) === false
}

/** @param {string} path */
function packageOf(path) {
  return /^(packages|services)\/[^/]+|^[^/]+(?=\/)/.exec(path)?.[0] ?? '.'
}

/**
 * @param {readonly SourceFile[]} manifests package.json files
 * @returns {Map<string, string[]>}
 */
export function entryPointsOf(manifests) {
  return new Map(
    manifests.map(({ text }) => {
      const { name, exports = {} } = JSON.parse(text)
      return [name, Object.keys(exports).map((key) => name + key.slice(1))]
    }),
  )
}

if (isMain(import.meta.url)) {
  const files = projectFiles(codePattern)
  const manifests = projectFiles(/^(packages|services)\/[^/]+\/package\.json$/)
  report(findLayerViolations(files, entryPointsOf(manifests)), `${files.length} files keep to their layers`)
}
