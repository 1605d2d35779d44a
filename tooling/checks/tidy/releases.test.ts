import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { checks } from '../check-list.mjs'
import { projectFiles, publishedPackages, readText } from '../workspace.mjs'

const manifests = projectFiles(/(^|\/)package\.json$/).map(({ path, text }) => ({
  path,
  ...JSON.parse(text),
}))
const published = publishedPackages.map((name) => `@posthorn/${name}`)

test('the three packages are released together and nothing else is', () => {
  const config = JSON.parse(readText('.changeset/config.json'))
  expect(config.fixed).toEqual([published])
  expect(manifests.filter((manifest) => manifest.private !== true).map(({ name }) => name)).toEqual(published)
})

test('a new minor of core, which is a peer, is not a new major of the others', () => {
  const { ___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH: options } = JSON.parse(
    readText('.changeset/config.json'),
  )
  expect(options).toEqual({ onlyUpdatePeerDependentsWhenOutOfRange: true })
})

test('core has no runtime dependency, and no peer that it cannot do without', () => {
  const core = manifests.find(({ name }) => name === '@posthorn/core')
  expect({ ...core.dependencies, ...core.optionalDependencies }).toEqual({})
  expect(Object.keys(core.peerDependencies)).toEqual(['@opentelemetry/api'])
  expect(core.peerDependenciesMeta).toEqual({ '@opentelemetry/api': { optional: true } })
})

test('a published package says who may use it, where, and where it comes from', () => {
  for (const { path, ...manifest } of manifests.filter(({ name }) => published.includes(name))) {
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      repository: { directory: path.replace('/package.json', '') },
      files: expect.arrayContaining(['dist', 'src', 'CHANGELOG.md']),
    })
    expect(manifest.publishConfig).toBeUndefined()
    if (manifest.name !== '@posthorn/core')
      expect(manifest.peerDependencies['@posthorn/core']).toBe('workspace:^')
  }
})

test('CI has a job for every check, and runs the tests on every Node that is supported', () => {
  const { jobs } = parse(readText('.github/workflows/ci.yml'))
  const names = checks.map(({ name }) => name).filter((name) => name !== 'build')
  expect(jobs.check.strategy.matrix.check.toSorted()).toEqual(names.toSorted())
  expect(jobs.test.strategy.matrix.node).toEqual([20, 22, 24])
})

test('a release is published with its provenance and without a token', () => {
  const { jobs } = parse(readText('.github/workflows/release.yml'))
  expect(jobs.release.permissions['id-token']).toBe('write')
  const step = jobs.release.steps.at(-1)
  expect(step.env.PNPM_CONFIG_PROVENANCE).toBe('true')
  expect(Object.keys(step.env)).not.toContain('NPM_TOKEN')
  for (const command of Object.values<string>(step.with).filter((text) => text.startsWith('npm run '))) {
    const { scripts } = JSON.parse(readText('package.json'))
    expect(Object.keys(scripts)).toContain(command.replace('npm run ', ''))
  }
})

test('a dependency that several packages use has its version in the catalog', () => {
  // The benchmarks have an install of their own.
  const workspace = manifests.filter(({ path }) => path !== 'benchmarks/package.json')
  const uses = workspace.flatMap(({ path, dependencies, devDependencies }) =>
    Object.entries<string>({ ...devDependencies, ...dependencies }).map(([name, version]) => ({
      name,
      version,
      path,
    })),
  )
  const repeated = uses.filter(({ name, path }) =>
    uses.some((other) => other.name === name && other.path !== path),
  )
  const pinnedHere = repeated.filter(({ version }) => !/^(catalog|workspace):/.test(version))
  expect(pinnedHere.map(({ name, path }) => `${path}: ${name}`)).toEqual([])
})
