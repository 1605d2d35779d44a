import { rabbitMqError } from './errors.ts'

/** Where the broker is and as whom to speak. */
export interface Endpoint {
  readonly protocol: 'amqp' | 'amqps'
  readonly hostname: string
  readonly port: number
  readonly username: string
  /** Null where the client's certificate stands for it. */
  readonly password: string | null
}

/**
 * Reads `amqp[s]://<domain>:<password>@<host>[:<port>]`. A path is ignored: the vhosts follow from the system. Parsed
 * here because amqplib falls back to guest/guest when credentials are missing.
 *
 * @param domain the user that the URL must be for; undefined for an administrator's
 * @param certified whether the client has a certificate: then the password may be left out
 * @throws {PosthornError} `InvalidConfiguration`, which never quotes the URL
 */
export function parseAmqpUrl(text: string, domain: string | undefined, certified = false): Endpoint {
  let url: URL
  let password: string
  let username: string
  try {
    url = new URL(text)
    username = decodeURIComponent(url.username)
    password = decodeURIComponent(url.password)
  } catch {
    // Not kept as cause: Node's error quotes its input, and with it the password.
    throw invalid('is no valid URL; percent-encode what is special in the password')
  }
  const protocol = url.protocol.slice(0, -1)
  if (protocol !== 'amqp' && protocol !== 'amqps')
    throw invalid(`has the scheme ${protocol}; use amqp or amqps`)
  if (url.hostname === '') throw invalid('names no host')
  const byCertificate = certified && protocol === 'amqps' && password === ''
  if (username === '' || (password === '' && !byCertificate)) {
    throw invalid(`lacks credentials; it must be ${protocol}://${domain ?? '<user>'}:<password>@${url.host}`)
  }
  if (domain !== undefined && username !== domain) {
    throw invalid(
      `is for the user ${username}, but ${domain} must connect as ${domain}: the user is the identity`,
    )
  }
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'amqp' ? 5672 : 5671) : Number(url.port),
    username,
    password: byCertificate ? null : password,
  }
}

function invalid(what: string) {
  return rabbitMqError('InvalidConfiguration', `The broker's URL ${what}`)
}
