import type { Reply, Request } from './request.ts'

const DEADLINE = 15_000

/** Asks an instance of the allocation service once. */
export async function askByHttp(
  url: string,
  key: string,
  request: Request,
  ending: AbortSignal,
): Promise<Reply> {
  const { method, path, body } = route(request)
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'idempotency-key': key,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.any([AbortSignal.timeout(DEADLINE), ending]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) }
    if (response.ok) return { outcome: 'done', answer }
    // The service was frozen before it had read the request: it can answer nothing else, and has done nothing.
    if (response.status === 408) return { outcome: 'not done', answer }
    // Nothing that the load asks for is ever to be refused.
    return { outcome: response.status < 500 ? 'wrong' : 'unknown', answer }
  } catch (error) {
    const { name, cause } = error as Error
    return { outcome: 'unknown', answer: `${name} ${(cause as { code?: string } | undefined)?.code ?? ''}` }
  }
}

function route(request: Request): { readonly method: string; readonly path: string; readonly body?: object } {
  const { do: what, ...body } = request
  switch (request.do) {
    case 'CreateBatch':
      return { method: 'POST', path: '/batches', body }
    case 'ChangeBatchQuantity':
      return { method: 'PATCH', path: `/batches/${request.ref}`, body: { qty: request.qty } }
    case 'Allocate':
    case 'AskToBeTold':
      return { method: 'POST', path: '/allocations', body }
    case 'CancelLine':
      return { method: 'DELETE', path: `/allocations/${request.orderId}/${request.sku}` }
    default:
      throw new Error(`There is no route for ${what}`)
  }
}
