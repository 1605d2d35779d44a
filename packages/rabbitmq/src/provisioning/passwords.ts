import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import type { SystemPlan } from '@posthorn/core/transport'

/** A fresh password of 192 bits for each user, safe in a URL. */
export function generatePasswords(plan: Pick<SystemPlan, 'users'>): Readonly<Record<string, string>> {
  return Object.fromEntries(plan.users.map((user) => [user, randomBytes(24).toString('base64url')]))
}

/** Writes credentials as JSON to a file that only its owner can read, replacing what was there. */
export async function writeCredentials(
  path: string,
  credentials: Readonly<Record<string, unknown>>,
): Promise<void> {
  // A file of its own first: the mode of one that exists would stay as it is.
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(fresh, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(fresh, path)
}
