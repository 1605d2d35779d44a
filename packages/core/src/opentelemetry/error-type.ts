import { PosthornError } from '../errors.ts'
import { DeclaredError } from '../messages/declared-error.ts'

const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/
const SYSTEM_CODE = /^E[A-Z]{2,32}$/

/** An error's kind, of which there are few: the name in a contract, a code of ours or the system's, else its class. */
export function errorType(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown }
  if (error instanceof PosthornError) return error instanceof DeclaredError ? error.name : error.code
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) return code
  return typeof name === 'string' && NAME.test(name) ? name : '_OTHER'
}
