import { rabbitMqError } from '../errors.ts'
import { redactUrl } from '../redact-url.ts'

const DEADLINE = 10_000

/** RabbitMQ's management API as one administrator. */
export class ManagementApi {
  readonly #base: string
  readonly #authorization: string

  /**
   * @param url `http[s]://<administrator>:<password>@<host>:<port>`
   * @throws {PosthornError} `InvalidConfiguration`, which never quotes the URL
   */
  constructor(url: string) {
    let parsed: URL
    let credentials: string
    try {
      parsed = new URL(url)
      credentials = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
    } catch {
      throw rabbitMqError('InvalidConfiguration', 'The URL of the management API is no valid URL')
    }
    if (parsed.username === '' || parsed.password === '') {
      throw rabbitMqError('InvalidConfiguration', 'The URL of the management API lacks credentials')
    }
    this.#base = `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}/api/`
    this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  }

  /** @throws {PosthornError} `ManagementFailed` */
  async get<T>(...path: readonly string[]): Promise<T> {
    const response = await this.#request('GET', path)
    // The broker's own answers; each caller names the fields that it reads.
    return (await response.json()) as T
  }

  /** @throws {PosthornError} `ManagementFailed`; with status 400 when something exists otherwise */
  async put(body: object, ...path: readonly string[]): Promise<void> {
    await this.#request('PUT', path, body)
  }

  /** @throws {PosthornError} `ManagementFailed` */
  async post(body: object, ...path: readonly string[]): Promise<void> {
    await this.#request('POST', path, body)
  }

  /** Deletes, or finds it gone. @throws {PosthornError} `ManagementFailed` */
  async delete(...path: readonly string[]): Promise<void> {
    await this.#request('DELETE', path)
  }

  async #request(method: string, path: readonly string[], body?: object): Promise<Response> {
    const resource = path.map(encodeURIComponent).join('/')
    let response: Response
    try {
      response = await fetch(this.#base + resource, {
        method,
        headers: { authorization: this.#authorization, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(DEADLINE),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch (error) {
      const { message, cause } = error as Error
      const reason = redactUrl(cause instanceof Error ? `${message}: ${cause.message}` : message)
      throw failed(`${method} ${resource}: ${reason}`, null, '', true)
    }
    if (response.ok) {
      // An unread body would keep its connection from being used again.
      if (method !== 'GET') await response.arrayBuffer()
      return response
    }
    const reason = reasonOf(await response.text())
    if (method === 'DELETE' && response.status === 404) return response
    throw failed(
      `${method} ${resource} answered ${response.status}: ${reason}`,
      response.status,
      reason,
      response.status >= 500,
    )
  }
}

/** The broker's words for a refusal, from what the API answered. */
function reasonOf(answer: string): string {
  try {
    const { reason } = JSON.parse(answer) as { reason?: unknown }
    if (typeof reason === 'string') return redactUrl(reason).slice(0, 300)
  } catch {
    // Not the API's own answer, but a proxy's.
  }
  return redactUrl(answer).slice(0, 300)
}

function failed(what: string, status: number | null, reason: string, retryable: boolean) {
  return rabbitMqError('ManagementFailed', `The management API failed: ${what}`, {
    retryable,
    details: { status, reason },
  })
}
