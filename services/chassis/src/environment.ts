import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** A service cannot start as it is configured. The message is one sentence and names what to change. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** A whole number as a text in decimal digits: what environment variables and query strings hold. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given),
    z.int({ error }).min(min, { error }).max(max, { error }),
  )
}

/** A port to listen on; 0 takes any that is free. */
export const portVariable = (standard: number) => wholeNumber(0, 65_535).default(standard)

/** A URL of one of the protocols, with a host, whose parts can be percent-decoded. */
export function urlVariable(...protocols: readonly string[]) {
  const beginnings = protocols.map((protocol) => `${protocol}://`)
  return z.string().superRefine((text, { addIssue }) => {
    if (!beginnings.some((beginning) => text.toLowerCase().startsWith(beginning))) {
      addIssue(`must be a URL that begins with ${beginnings.join(' or ')}`)
    } else if (!URL.canParse(text) || !namesHost(new URL(text))) {
      addIssue('must be a URL with a host, and percent-encoded where characters are special')
    } else if (!isDecodable(new URL(text))) {
      addIssue('has a % that begins no percent-encoding: write %25')
    }
  })
}

/** Postgres' sockets are named by a parameter. */
function namesHost({ hostname, searchParams }: URL): boolean {
  return hostname !== '' || searchParams.has('host')
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/** The path of a PEM file, which is read at once. */
const pemVariable = z.string().transform((path, { addIssue }) => {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
  } catch {
    // What is said below holds for this too.
  }
  addIssue('must be the path of a PEM file that can be read')
  return z.NEVER
})

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** What every service is told by its environment. */
export const serviceVariables = {
  DATABASE_URL: urlVariable('postgres', 'postgresql'),
  /** PEM files: the authority of the database's certificate, and the certificate and key of the service itself. */
  DATABASE_CA: pemVariable.optional(),
  DATABASE_CERT: pemVariable.optional(),
  DATABASE_KEY: pemVariable.optional(),
  POSTHORN_AMQP_URL: urlVariable('amqp', 'amqps'),
  /** The same for the broker. With a certificate the password may be left out of the URL. */
  POSTHORN_AMQP_CA: pemVariable.optional(),
  POSTHORN_AMQP_CERT: pemVariable.optional(),
  POSTHORN_AMQP_KEY: pemVariable.optional(),
  /** Before the names of the vhosts, where several systems share a broker. */
  POSTHORN_NAMESPACE: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes and underscores')
    .optional(),
  /** A name or an address to listen on. */
  HOST: z
    .string()
    .regex(/^[\w.:%-]{1,255}$/, 'must be a host name or an IP address')
    .default('127.0.0.1'),
  LOG_LEVEL: z.enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` }).default('info'),
  /** Entries in the outbox from which on nothing new is accepted. */
  OUTBOX_CAP: wholeNumber(1, 1_000_000_000).default(10_000),
  /** Where traces go, by OTLP over HTTP, without `/v1/traces`. Without it there are metrics alone. */
  OTEL_EXPORTER_OTLP_ENDPOINT: urlVariable('http', 'https').optional(),
  OTEL_SDK_DISABLED: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  /** How long a stop may take: less than whoever asks for it waits before he kills, which is commonly 30 s. */
  STOP_SECONDS: wholeNumber(1, 3_600).default(25),
}

/** PEM texts for a connection that speaks TLS. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

type TlsVariable = `${'DATABASE' | 'POSTHORN_AMQP'}_${'CA' | 'CERT' | 'KEY'}`

/**
 * What was given for one connection; empty when nothing was.
 * @throws {ConfigurationError}
 */
export function tlsOptions(
  connection: 'DATABASE' | 'POSTHORN_AMQP',
  given: { readonly [name in TlsVariable]?: string | undefined },
): { readonly tls?: TlsOptions } {
  const [ca, cert, key] = [given[`${connection}_CA`], given[`${connection}_CERT`], given[`${connection}_KEY`]]
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigurationError(`${connection}_CERT and ${connection}_KEY are given together or not at all.`)
  }
  const own = cert === undefined || key === undefined ? {} : { cert, key }
  return ca === undefined && cert === undefined
    ? {}
    : { tls: { ...(ca === undefined ? {} : { ca }), ...own } }
}

/**
 * The variables of a schema, validated. Blanks around them do not count, and an empty one is a missing one. The error
 * never repeats a value.
 * @throws {ConfigurationError}
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name]?.trim() ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const faults = new Map<string, string>()
  for (const { path, message } of result.error.issues) {
    const name = path.join('.')
    if (!faults.has(name))
      faults.set(name, name in given ? `${name} is not valid: ${message}` : `${name} is missing`)
  }
  throw new ConfigurationError(`The environment does not fit: ${[...faults.values()].join('; ')}.`)
}
