import { expect, test } from 'vitest'
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

test('core has no runtime dependency', () => {
  const core = manifests.find(({ name }) => name === '@posthorn/core')
  expect({ ...core.dependencies, ...core.peerDependencies, ...core.optionalDependencies }).toEqual({})
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
