/** What the allocation service answered. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Allocation's HTTP API, as any client would use it. Each request has a deadline. */
export interface AllocationClient {
  createBatch(batch: object): Promise<Answer>
  changeBatch(ref: string, qty: number): Promise<Answer>
  allocate(line: object): Promise<Answer>
  get(path: string): Promise<Answer>
}

export function allocationClient(url: string, timeout = 30_000): AllocationClient {
  const request = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(timeout),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
  return {
    createBatch: (batch) => request('POST', '/batches', batch),
    changeBatch: (ref, qty) => request('PATCH', `/batches/${encodeURIComponent(ref)}`, { qty }),
    allocate: (line) => request('POST', '/allocations', line),
    get: (path) => request('GET', path),
  }
}

/** A refusal in one sentence. */
export function problem({ status, body }: Answer): string {
  const errors = Array.isArray(body['errors'])
    ? (body['errors'] as { path?: string; message?: string }[])
    : []
  const faults = errors.map(({ path, message }) => `${path ?? ''} ${message ?? ''}`.trim())
  return faults.length > 0
    ? faults.join('; ')
    : String(body['detail'] ?? body['title'] ?? `answered ${status}`)
}
