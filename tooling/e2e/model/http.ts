import { request } from 'node:http'

export interface HttpAnswer {
  readonly status: number
  /** Undefined when there was none. */
  readonly body: unknown
}

/**
 * One request on a connection of its own: a kept one could belong to a service that has been restarted since, and
 * whether such a request was executed cannot be known.
 */
export function http(
  method: string,
  url: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? '' : JSON.stringify(body)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const options = { method, agent: false, timeout: 20_000, headers: { ...type, ...headers } }
    const sent = request(url, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url} was not answered within 20 s`)))
    sent.on('error', reject)
    sent.end(content)
  })
}
