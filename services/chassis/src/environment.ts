import { z } from 'zod'

/** A service cannot start as it is configured. The message is one sentence and names what to change. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

const port = z.coerce.number().int().min(0).max(65_535)

/** A port to listen on; 0 takes any that is free. */
export const portVariable = (standard: number) => port.default(standard)

export const urlVariable = (...protocols: readonly string[]) =>
  z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)), {
      error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    })

/** What every service is told by its environment. */
export const serviceVariables = {
  DATABASE_URL: urlVariable('postgres', 'postgresql'),
  POSTHORN_AMQP_URL: urlVariable('amqp', 'amqps'),
  POSTHORN_NAMESPACE: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Entries in the outbox from which on nothing new is accepted. */
  OUTBOX_CAP: z.coerce.number().int().min(1).default(10_000),
}

/**
 * The variables of a schema, validated. An empty one counts as missing. The error never repeats a value.
 * @throws {ConfigurationError}
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => {
    const name = path.join('.')
    return name in given ? `${name} is not valid: ${message}` : `${name} is missing`
  })
  throw new ConfigurationError(`The environment does not fit: ${faults.join('; ')}.`)
}
