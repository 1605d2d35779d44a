import type { AddressInfo } from 'node:net'
import { createLogger } from '@posthorn/chassis'
import { anyInputBehaviour } from '../../../../tooling/fixtures/bad-input/any-input-behaviour.ts'
import type { Endpoint } from '../../../../tooling/fixtures/bad-input/endpoint.ts'
import {
  address,
  date,
  entityTags,
  idempotencyKey,
  limit,
  name,
  quantity,
  quantityOrNone,
} from '../../../../tooling/fixtures/bad-input/fields.ts'
import { refusalBehaviour } from '../../../../tooling/fixtures/bad-input/refusal-behaviour.ts'
import type { Target } from '../../../../tooling/fixtures/bad-input/target.ts'
import { type MakeStorage, startAllocation } from './allocation-service.ts'

const key = { 'idempotency-key': idempotencyKey }
const page = { after: { ...name, optional: true }, limit }

const endpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/batches',
    headers: key,
    body: { ref: name, sku: name, qty: quantity, eta: date },
  },
  {
    method: 'PATCH',
    path: '/batches/:ref',
    params: { ref: name },
    headers: { ...key, 'if-match': entityTags },
    body: { qty: quantityOrNone },
  },
  { method: 'GET', path: '/batches', query: { ...page, sku: { ...name, optional: true } } },
  {
    method: 'GET',
    path: '/batches/:ref',
    params: { ref: name },
    headers: { 'if-none-match': entityTags },
  },
  {
    method: 'POST',
    path: '/allocations',
    headers: key,
    body: { orderId: name, sku: name, qty: quantity, notify: address },
  },
  { method: 'GET', path: '/allocations/:orderId', params: { orderId: name } },
  {
    method: 'DELETE',
    path: '/allocations/:orderId/:sku',
    params: { orderId: name, sku: name },
    headers: key,
  },
  { method: 'GET', path: '/products', query: page },
  { method: 'GET', path: '/products/:sku', params: { sku: name } },
]

const start = (makeStorage: MakeStorage) => async (): Promise<Target> => {
  const logged: string[] = []
  const logger = createLogger('allocation', 'info', { write: (line) => void logged.push(line) })
  const { service, stop } = await startAllocation(makeStorage, logger)
  const { port } = service.http.server.address() as AddressInfo
  return { port, logged, stop }
}

/** What is refused before any storage is asked. */
export const badInputBehaviour = (makeStorage: MakeStorage) => refusalBehaviour(start(makeStorage), endpoints)

/** What a storage gets to see. */
export const oddInputBehaviour = (makeStorage: MakeStorage) =>
  anyInputBehaviour(start(makeStorage), endpoints)
