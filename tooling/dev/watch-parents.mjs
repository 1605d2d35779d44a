import { readFileSync } from 'node:fs'

/**
 * Calls back when the npm that runs this script has died. npm passes signals on to the shell between, which dies of
 * them without a word to us; a killed npm tells nobody at all.
 * @param {boolean} underNpm
 * @param {() => void} orphaned
 */
export function watchParents(underNpm, orphaned) {
  if (!underNpm) return
  const parents = living()
  const timer = setInterval(() => {
    if (living() === parents) return
    clearInterval(timer)
    orphaned()
  }, 250)
  timer.unref()
}

/** Parent, and its own parent where it is the shell that npm put between, as far as the system tells. */
function living() {
  try {
    const [, name, parent] =
      /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${process.ppid}/stat`, 'utf8')) ?? []
    return `${process.ppid} ${name?.endsWith('sh') ? parent : ''}`
  } catch {
    return `${process.ppid} `
  }
}
