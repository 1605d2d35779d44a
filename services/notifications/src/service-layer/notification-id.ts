import { createHash } from 'node:crypto'

/** The same for the same cause and recipient, so that nobody is told twice: a UUID of version 8. */
export function notificationId(causedBy: string, recipient: string): string {
  const hash = createHash('sha256').update(`${causedBy} ${recipient}`).digest('hex')
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`]
  return [...parts, hash.slice(20, 32)].join('-')
}
