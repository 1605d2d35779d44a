// @ts-check

/**
 * One check: its commands run one after the other, all of them. It begins when the checks in `needs` have succeeded and
 * those in `after` have ended. The names are those of the scripts in package.json and of the jobs in CI.
 * @typedef {{
 *   readonly name: string, readonly commands: readonly string[],
 *   readonly needs?: readonly string[], readonly after?: readonly string[],
 * }} Check
 */

/**
 * All that needs no server, in the order in which they are started: what is quick, or others wait for, first.
 * @type {readonly Check[]}
 */
export const checks = [
  { name: 'build', commands: ['turbo run build --filter=./packages/* --output-logs=errors-only'] },
  { name: 'format', commands: ['biome check --linter-enabled=false .'] },
  { name: 'layers', commands: ['node tooling/checks/layers.mjs'] },
  { name: 'lint', commands: ['biome lint --diagnostic-level=warn --error-on-warnings .', 'oxlint -f unix'] },
  { name: 'types', after: ['build'], commands: ['tsc -b'] },
  { name: 'tidy', commands: ['vitest run --project tidy'] },
  { name: 'dead-code', commands: ['knip', 'knip --production --include exports,types'] },
  { name: 'api', needs: ['build'], commands: ['node tooling/checks/api.mjs'] },
  { name: 'docs', after: ['types'], needs: ['build'], commands: ['node tooling/checks/docs.mjs'] },
  { name: 'pack', needs: ['build'], commands: ['node tooling/checks/pack.mjs'] },
  { name: 'unit', commands: ['vitest run --project unit', 'vitest run --project contract packages/core'] },
  { name: 'examples', needs: ['types'], commands: ['vitest run --project examples'] },
]
