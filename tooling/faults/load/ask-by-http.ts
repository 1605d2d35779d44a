import type { Fleet } from '../fleet.ts'
import type { Asked, Reply, Request } from './request.ts'

const DEADLINE = 15_000

/** Asks an instance of the allocation service once. */
export async function askByHttp(
  url: string,
  key: string,
  request: Request,
  ending: AbortSignal = new AbortController().signal,
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
    // Nothing that the load asks for is ever to be refused.
    return { outcome: response.status < 500 ? 'wrong' : 'unknown', answer }
  } catch (error) {
    const { name, cause } = error as Error
    return { outcome: 'unknown', answer: `${name} ${(cause as { code?: string } | undefined)?.code ?? ''}` }
  }
}

/** The very same request once more. */
export async function askAgain(asked: Asked, fleet: Pick<Fleet, 'of'>): Promise<Asked> {
  const [instance] = fleet.of('allocation')
  return { ...asked, ...(await askByHttp(instance?.url ?? '', asked.id, asked.request)) }
}

function route(request: Request): { readonly method: string; readonly path: string; readonly body?: object } {
  const { do: what, ...body } = request
  switch (request.do) {
    case 'CreateBatch':
      return { method: 'POST', path: '/batches', body }
    case 'ChangeBatchQuantity':
      return { method: 'PATCH', path: `/batches/${request.ref}`, body: { qty: request.qty } }
    case 'Allocate':
      return { method: 'POST', path: '/allocations', body }
    case 'CancelLine':
      return { method: 'DELETE', path: `/allocations/${request.orderId}/${request.sku}` }
    default:
      throw new Error(`There is no route for ${what}`)
  }
}
