const junkDrawers = [
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'shared',
  'types',
  'interfaces',
  'misc',
  'lib',
]

const kebabCase = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/
const conventional =
  /^(README|ARCHITECTURE|CONTRIBUTING|AGENTS|CLAUDE|CHANGELOG|SECURITY|LICENSE|Dockerfile)(\.md)?$/

/** Files and folders whose names say nothing, or are not in kebab-case. `test/types` is a kind of test. */
export function badNames(paths: readonly string[]): string[] {
  const findings = new Set<string>()
  for (const path of paths) {
    const segments = path.split('/')
    segments.forEach((segment, i) => {
      const upTo = segments.slice(0, i + 1).join('/')
      const stem = segment.replace(/(\.test)?\.[a-z]+$/, '')
      const isKindOfTest = segment === 'types' && segments[i - 1] === 'test'
      if (junkDrawers.includes(stem) && !isKindOfTest) findings.add(`${upTo}: a junk drawer`)
      if (!kebabCase.test(segment) && !conventional.test(segment)) findings.add(`${upTo}: not in kebab-case`)
    })
  }
  return [...findings]
}

/** Files called `index.ts` that are not what a package exports. */
export function innerIndexFiles(paths: readonly string[], entryPoints: readonly string[]): string[] {
  return paths.filter((path) => /(^|\/)index\.[cm]?[jt]s$/.test(path) && !entryPoints.includes(path))
}

const rootFiles = [
  /^(README|ARCHITECTURE|CONTRIBUTING|AGENTS|CLAUDE|SECURITY)\.md$/,
  /^LICENSE$/,
  /^(package|biome|turbo|knip|tsconfig(\.[a-z]+)?|\.oxlintrc)\.json$/,
  /^pnpm-(lock|workspace)\.yaml$/,
  /^docker-compose\.yml$/,
  /^vitest\.config\.ts$/,
  /^\.(gitignore|gitattributes|editorconfig|npmrc|nvmrc|node-version|dockerignore)$/,
]

/** Files at the root that are none of the project's own: plans, notes, reports. */
export function strayRootFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => !path.includes('/') && !rootFiles.some((pattern) => pattern.test(path)))
}
