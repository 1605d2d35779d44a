import { PosthornError } from '../errors.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { ValidationFailed } from '../messages/validate.ts'
import { ERROR_NAME } from './answers.ts'
import { printable } from './delivery-failure.ts'
import { decodeBody } from './json-body.ts'
import { RemoteError } from './remote-error.ts'
import { MAX_BODY } from './wire-format.ts'

/**
 * The result in a reply.
 *
 * @throws what an error answer stands for: the contract's class, {@link RemoteError}, or a refusal
 * @throws {PosthornError} `InvalidReply` (unknown): it answers, but not as the contract says
 */
export function readAnswer(
  definition: CommandDefinition,
  kind: 'reply' | 'error',
  body: Uint8Array,
): unknown {
  const decoded = body.length > MAX_BODY ? undefined : decodeBody(body)
  if (decoded?.ok !== true) throw invalidReply(definition)
  if (kind === 'error') throw remoteFailure(definition, decoded.value)
  try {
    return definition.result(decoded.value)
  } catch (cause) {
    throw invalidReply(definition, cause)
  }
}

function remoteFailure(definition: CommandDefinition, body: unknown): Error {
  if (typeof body !== 'object' || body === null) return invalidReply(definition)
  const { domain, name, errorId, outcome, data } = body as Readonly<Record<string, unknown>>
  if (domain !== definition.domain || typeof name !== 'string' || !ERROR_NAME.test(name)) {
    return invalidReply(definition)
  }
  if (typeof errorId === 'string')
    return undeclared(definition, name, printable(errorId.slice(0, 64)), outcome)
  const Declared = Object.hasOwn(definition.errors, name) ? definition.errors[name] : undefined
  try {
    if (Declared !== undefined) return new Declared(data)
  } catch {
    // Its data is of another version of the contract.
  }
  return new RemoteError({ domain, name, errorId: null })
}

function undeclared(definition: CommandDefinition, name: string, errorId: string, outcome: unknown): Error {
  const { domain } = definition
  if (outcome === 'refused') return refusal(definition, name, errorId)
  return new RemoteError({ domain, name, errorId }, outcome === 'unknown' ? 'unknown' : 'failed')
}

/** The refusals that Posthorn knows have the same code here as there. */
function refusal({ domain, type }: CommandDefinition, name: string, errorId: string): Error {
  const where = `see the log of ${domain} under ${errorId}`
  const text = `${domain} refused ${type}: ${name}; ${where}`
  const options = { outcome: 'refused', details: { type, errorId } } as const
  switch (name) {
    case 'Forbidden':
      return new PosthornError('Forbidden', text, options)
    case 'ValidationFailed':
      return new ValidationFailed(`${type}, says ${domain},`, [{ path: '', message: where }], 'refused')
    case 'UnknownMessage':
      return new PosthornError('UnknownMessage', text, options)
    case 'UnknownVersion':
      return new PosthornError('UnknownVersion', text, options)
    case 'IdempotencyKeyReuse':
      return new PosthornError('IdempotencyKeyReuse', text, options)
    default:
      return new RemoteError({ domain, name, errorId }, 'refused')
  }
}

function invalidReply({ type, domain }: CommandDefinition, cause?: unknown): PosthornError<'InvalidReply'> {
  return new PosthornError(
    'InvalidReply',
    `${domain} answered ${type}, but not as the contract says; compare the versions of the contract on both sides`,
    { outcome: 'unknown', details: { type }, ...(cause === undefined ? {} : { cause }) },
  )
}
