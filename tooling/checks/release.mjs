// @ts-check
import { spawnSync } from 'node:child_process'
import { isMain, publishedPackages, readText, root } from './workspace.mjs'

const pages = 'docs/reference/api'

/**
 * What has changed of the public API since a release, as a difference of its pages.
 * @param {string} tag of that release
 * @returns {string}
 */
function apiChanges(tag) {
  const tagged = spawnSync('git', ['rev-parse', '--quiet', '--verify', `refs/tags/${tag}`], { cwd: root })
  if (tagged.status !== 0) return `There is no release ${tag} to compare the public API with.`
  const { stdout } = spawnSync('git', ['diff', '--stat', '--patch', tag, '--', pages], {
    cwd: root,
    encoding: 'utf8',
  })
  return stdout.trim() === '' ? `The public API is that of ${tag}.` : `Since ${tag}:\n\n${stdout.trim()}`
}

/** What a release is checked for beyond the tests: the tarballs, the public API, and what of that is new. */
if (isMain(import.meta.url)) {
  for (const check of ['pack', 'api']) {
    const { status } = spawnSync(process.execPath, [`tooling/checks/${check}.mjs`], {
      cwd: root,
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
  const { name, version } = JSON.parse(readText(`packages/${publishedPackages[0]}/package.json`))
  console.log(apiChanges(`${name}@${version}`))
}
