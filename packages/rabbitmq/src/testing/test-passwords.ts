import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/**
 * The passwords of a system's users on a broker for tests: the same in every test file, worker and run, for users are
 * global on a broker. They are derived from the administrator's, in the URL of the management API.
 */
export function testPasswords(
  managementUrl: string,
  users: readonly string[],
): Readonly<Record<string, string>> {
  const secret = new URL(managementUrl).password
  const passwordOf = (user: string) => createHmac('sha256', secret).update(user).digest('base64url')
  return Object.fromEntries(users.map((user) => [user, passwordOf(user)]))
}

/** A user as the management API shows it: four bytes of salt before the hash, all in Base64. */
export interface StoredPassword {
  readonly password_hash: string
  readonly hashing_algorithm: string
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
}

/** Whether that is a user's password. Not where it was stored by a method that RabbitMQ itself warns of. */
export function isPassword(password: string, stored: StoredPassword): boolean {
  const algorithm = ALGORITHMS[stored.hashing_algorithm]
  if (algorithm === undefined) return false
  const bytes = Buffer.from(stored.password_hash, 'base64')
  const hash = createHash(algorithm).update(bytes.subarray(0, 4)).update(password).digest()
  return hash.length === bytes.length - 4 && timingSafeEqual(hash, bytes.subarray(4))
}
