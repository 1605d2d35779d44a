import { readFileSync } from 'node:fs'
import { Failure } from './failure.mjs'

/**
 * The user that a server must run as when we are root and it refuses to be; nothing when we are not root.
 * @param {string[]} names the first of these that exists
 * @returns {{ uid: number, gid: number } | undefined}
 */
export function unprivilegedUser(names) {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const fields = names.map((name) => users.find(([user]) => user === name)).find(Boolean)
  if (!fields)
    throw new Failure(`None of the users ${names.join(', ')} exists, and Postgres refuses to run as root.`)
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}
