import { rabbitMqError } from '../errors.ts'
import { redactUrl } from '../redact-url.ts'

const DEADLINE = 10_000

/** RabbitMQ's management API as one administrator. */
export class ManagementApi {
  readonly #base: string
  readonly #authorization: string
  readonly #deadline: number

  /**
   * @param url `http[s]://<administrator>:<password>@<host>:<port>`
   * @param deadline of each request, in ms
   * @throws {PosthornError} `InvalidConfiguration`, which never quotes the URL
   */
  constructor(url: string, deadline = DEADLINE) {
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
    this.#deadline = deadline
    this.#base = `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}/api/`
    this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  }

  /** @throws {PosthornError} `ManagementFailed` */
  async get<T>(...path: readonly string[]): Promise<T> {
    const { text, what } = await this.#request('GET', path)
    try {
      // The broker's own answers; each caller names the fields that it reads.
      return JSON.parse(text) as T
    } catch {
      throw failed(`${what} answered what is no JSON; is it the management API?`, null, '', false)
    }
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

  async #request(
    method: string,
    path: readonly string[],
    body?: object,
  ): Promise<{ readonly text: string; readonly what: string }> {
    const resource = path.map(encodeURIComponent).join('/')
    const what = `${method} ${resource}`
    const { ok, status, text } = await this.#exchange(what, this.#base + resource, {
      method,
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (ok || (method === 'DELETE' && status === 404)) return { text, what }
    const reason = reasonOf(text)
    throw failed(`${what} answered ${status}: ${reason}`, status, reason, status >= 500)
  }

  /** The whole answer within the deadline: it may stop in the middle too. */
  async #exchange(what: string, url: string, request: RequestInit) {
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(this.#deadline) })
      return { ok: response.ok, status: response.status, text: await response.text() }
    } catch (error) {
      const { message, cause } = error as Error
      const reason = redactUrl(cause instanceof Error ? `${message}: ${cause.message}` : message)
      throw failed(`${what}: ${reason}`, null, '', true)
    }
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
