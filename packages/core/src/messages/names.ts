import { PosthornError } from '../errors.ts'

const DOMAIN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const MESSAGE = /^[A-Z][A-Za-z0-9]+$/
const RESERVED = new Set(['x', 'q', 'amq', 'guest'])

/**
 * Domains and clients become vhosts, users and parts of permission patterns, so their names are narrow:
 * `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, at most 31 characters, not `x`, `q`, `amq` or `guest`.
 *
 * @throws {PosthornError} `InvalidDefinition`
 */
export function checkDomainName(name: string, what: 'domain' | 'client' = 'domain'): void {
  if (DOMAIN.test(name) && name.length <= 31 && !RESERVED.has(name)) return
  throw new PosthornError(
    'InvalidDefinition',
    `"${name}" cannot name a ${what}: use lower-case words joined by hyphens, at most 31 characters, not x, q, amq or guest`,
  )
}

/** @throws {PosthornError} `InvalidDefinition` unless the name is PascalCase (`^[A-Z][A-Za-z0-9]+$`) and ≤ 64 long */
export function checkMessageName(domain: string, name: string): void {
  if (MESSAGE.test(name) && name.length <= 64) return
  throw new PosthornError(
    'InvalidDefinition',
    `"${name}" cannot name a message of ${domain}: use PascalCase letters and digits, at most 64 characters`,
  )
}

/** The domain and the name in a wire name, `allocation.OutOfStock`. */
export function splitType(type: string): { readonly domain: string; readonly name: string } {
  const dot = type.lastIndexOf('.')
  return { domain: type.slice(0, dot), name: type.slice(dot + 1) }
}
