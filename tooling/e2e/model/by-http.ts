import { type HttpAnswer, http } from './http.ts'
import type { Answer, Request } from './request.ts'

/** The service answered what the specification does not foresee. */
export class UnexpectedStatus extends Error {
  override readonly name = 'UnexpectedStatus'
  readonly status: number

  constructor(request: Request, { status, body }: HttpAnswer) {
    super(`${request.do} was answered ${status} ${JSON.stringify(body)}`)
    this.status = status
  }
}

/** @throws {UnexpectedStatus}, and what the connection throws */
export async function byHttp(
  request: Request,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { method, path, body } = routeOf(request)
  const answer = await http(method, `${url}${path}`, body, headers)
  const facts = Object(answer.body) as Readonly<Record<string, unknown>>
  if (answer.status === 404 || answer.status === 409) return { error: facts.code }
  const telling = TELLING[`${request.do} ${answer.status}`]?.(facts)
  if (telling === undefined) throw new UnexpectedStatus(request, answer)
  return telling
}

/** What a success tells, by its status. A body that says otherwise is not foreseen. */
const TELLING: Readonly<Record<string, (facts: Readonly<Record<string, unknown>>) => Answer | undefined>> = {
  'CreateBatch 201': () => ({ created: true }),
  'CreateBatch 200': () => ({ created: false }),
  'ChangeBatchQuantity 200': ({ qty, availableQty, released }) => ({ qty, availableQty, released }),
  'Allocate 200': ({ status, batchRef }) => ({ status, batchRef, repeated: true }),
  'Allocate 201': ({ status, batchRef }) =>
    status === 'allocated' ? { status, batchRef, repeated: false } : undefined,
  'Allocate 202': ({ status, batchRef }) =>
    status === 'backordered' ? { status, batchRef, repeated: false } : undefined,
  'CancelLine 204': () => ({}),
}

function routeOf(request: Request): {
  readonly method: string
  readonly path: string
  readonly body?: object
} {
  switch (request.do) {
    case 'CreateBatch': {
      const { do: _, ...body } = request
      return { method: 'POST', path: '/batches', body }
    }
    case 'ChangeBatchQuantity':
      return { method: 'PATCH', path: `/batches/${request.ref}`, body: { qty: request.qty } }
    case 'Allocate': {
      const { do: _, ...body } = request
      return { method: 'POST', path: '/allocations', body }
    }
    case 'CancelLine':
      return { method: 'DELETE', path: `/allocations/${request.orderId}/${request.sku}` }
  }
}
