import type { Service } from '@posthorn/chassis'
import { afterAll, beforeAll } from 'vitest'
import { fresh, type MakeStorage, type RunningAllocation, startAllocation } from './allocation-service.ts'

type Answer = Promise<{ status: number; headers: Record<string, unknown>; body: never }>

/** The HTTP interface of whatever service runs when it is asked, as a client speaks it. */
export function requestsTo(service: () => Service) {
  const ask = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ): Answer => {
    const response = await service().http.inject({
      method,
      url,
      headers: payload === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    })
    return {
      status: response.statusCode,
      headers: response.headers,
      body: (response.body === '' ? undefined : response.json()) as never,
    }
  }
  const post = (url: string, payload: unknown, headers?: Record<string, string>) =>
    ask('POST', url, payload, headers)
  return {
    post,
    get: (url: string, headers?: Record<string, string>) => ask('GET', url, undefined, headers),
    delete: (url: string, headers?: Record<string, string>) => ask('DELETE', url, undefined, headers),
    patch: (url: string, payload: unknown, headers?: Record<string, string>) =>
      ask('PATCH', url, payload, headers),
    /** Gives its reference. */
    async addBatch(sku: string, qty: number, eta?: string, ref = fresh('batch')) {
      const { status } = await post('/batches', { ref, sku, qty, ...(eta && { eta }) })
      if (status !== 201) throw new Error(`POST /batches answered ${status}`)
      return ref
    },
  }
}

/** Has the service run, on a storage of its own, for as long as the tests beside the call, and gives its HTTP interface. */
export function servedOverHttp(makeStorage: MakeStorage) {
  let running: RunningAllocation
  beforeAll(async () => {
    running = await startAllocation(makeStorage)
  })
  afterAll(async () => {
    await running?.stop()
  })
  return { http: requestsTo(() => running.service), storage: () => running.storage }
}
