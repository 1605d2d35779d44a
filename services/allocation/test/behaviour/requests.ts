import type { Service } from '@posthorn/chassis'

type Answer = Promise<{ status: number; headers: Record<string, unknown>; body: never }>

/** The service's HTTP interface, as a client speaks it. */
export function requestsTo({ http }: Service) {
  const ask = async (
    method: 'GET' | 'POST' | 'PATCH',
    url: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ): Answer => {
    const response = await http.inject({
      method,
      url,
      headers: payload === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    })
    return { status: response.statusCode, headers: response.headers, body: response.json() as never }
  }
  return {
    get: (url: string) => ask('GET', url),
    post: (url: string, payload: unknown, headers?: Record<string, string>) =>
      ask('POST', url, payload, headers),
    patch: (url: string, payload: unknown, headers?: Record<string, string>) =>
      ask('PATCH', url, payload, headers),
  }
}
