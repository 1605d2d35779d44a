import { describe, expect, test } from 'vitest'
import { fresh, type MakeStorage } from './allocation-service.ts'
import { servedOverHttp } from './requests.ts'

/** What `design` promises of the HTTP interface, on any storage. */
export function httpBehaviour(makeStorage: MakeStorage): void {
  const { http } = servedOverHttp(makeStorage)

  const batch = (sku: string, qty: number, eta?: string) => ({
    ref: fresh('batch'),
    sku,
    qty,
    ...(eta && { eta }),
  })
  const addBatch = async (sku: string, qty: number, eta?: string) => {
    const added = batch(sku, qty, eta)
    expect(await http.post('/batches', added)).toMatchObject({ status: 201 })
    return added.ref
  }

  describe('POST /batches', () => {
    test('COS-46 answers 201 with the place of the batch; the same again 200', async () => {
      const added = batch(fresh('LAMP'), 10, '2030-01-01')
      expect(await http.post('/batches', added)).toMatchObject({
        status: 201,
        headers: { location: `/batches/${added.ref}` },
        body: added,
      })
      expect(await http.post('/batches', added)).toMatchObject({ status: 200, body: added })
    })

    test('answers 409 to other content for the reference, also of another SKU', async () => {
      const added = batch(fresh('LAMP'), 10)
      await http.post('/batches', added)
      for (const other of [
        { ...added, qty: 11 },
        { ...added, sku: fresh('CHAIR') },
      ]) {
        expect(await http.post('/batches', other)).toMatchObject({
          status: 409,
          headers: { 'content-type': expect.stringContaining('application/problem+json') },
          body: { status: 409, code: 'BatchConflict', title: 'Conflict' },
        })
      }
    })

    test('answers 400 with every fault and where it is', async () => {
      const { status, body } = await http.post('/batches', { ref: ' ', qty: 0, eta: '2030-02-30' })
      const { code, errors } = body as { code: string; errors: { path: string }[] }
      expect([status, code]).toEqual([400, 'ValidationFailed'])
      expect(errors.map(({ path }) => path).sort()).toEqual(['eta', 'qty', 'ref', 'sku'])
    })

    test.each([0, -1, 1.5, '10', null, 1_000_000_001])('refuses a quantity of %s', async (qty) => {
      const answer = await http.post('/batches', { ...batch(fresh('LAMP'), 1), qty })
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'qty' }] } })
    })

    test.each(['', '   ', 'a\nb', 'a\u0000b', '\u202Ea', 'x'.repeat(65), 7])(
      'refuses the reference %j',
      async (ref) => {
        const answer = await http.post('/batches', { ...batch(fresh('LAMP'), 1), ref })
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'ref' }] } })
      },
    )
  })

  describe('PATCH /batches/:ref', () => {
    test('answers 200 with what is available then', async () => {
      const ref = await addBatch(fresh('LAMP'), 100)
      expect(await http.patch(`/batches/${ref}`, { qty: 50 })).toMatchObject({
        status: 200,
        body: { ref, qty: 50, availableQty: 50, released: 0 },
      })
    })

    test('to 0 has all its lines wait, and back up serves them in the order in which they began to wait', async () => {
      const sku = fresh('LAMP')
      const ref = await addBatch(sku, 100)
      const orders = [fresh('order'), fresh('order')]
      for (const orderId of orders) await http.post('/allocations', { orderId, sku, qty: 40 })
      const change = (qty: number) => http.patch(`/batches/${ref}`, { qty })
      const places = async () =>
        Promise.all(
          orders.map(async (orderId) => {
            const [line] = (await http.get(`/allocations/${orderId}`)).body as { batchRef: string | null }[]
            return line?.batchRef
          }),
        )
      expect(await change(0)).toMatchObject({ status: 200, body: { qty: 0, availableQty: 0, released: 2 } })
      expect(await places()).toEqual([null, null])
      await change(40)
      expect(await places()).toEqual([null, ref])
      await change(80)
      expect(await places()).toEqual([ref, ref])
    })

    test('answers 404 for an unknown batch and 400 for what is no quantity', async () => {
      const ref = fresh('batch')
      expect(await http.patch(`/batches/${ref}`, { qty: 1 })).toMatchObject({
        status: 404,
        body: { code: 'BatchNotFound' },
      })
      expect(await http.patch(`/batches/${ref}`, { qty: -1 })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'qty' }] },
      })
    })
  })

  describe('POST /allocations', () => {
    test('COS-44 answers 201 with the earliest batch, and GET gives that one only', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 100, '2031-01-02')
      const earliest = await addBatch(sku, 100, '2031-01-01')
      await addBatch(fresh('CHAIR'), 100)
      const line = { orderId: fresh('order'), sku, qty: 3 }
      const placed = { ...line, status: 'allocated', batchRef: earliest }
      expect(await http.post('/allocations', line)).toMatchObject({
        status: 201,
        headers: { location: `/allocations/${line.orderId}` },
        body: placed,
      })
      expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({
        status: 200,
        body: [{ sku, qty: 3, status: 'allocated', batchRef: earliest }],
      })
    })

    test('answers 202 when it fits nowhere, and GET never lags behind', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 2)
      const line = { orderId: fresh('order'), sku, qty: 3 }
      const waiting = { status: 'backordered', batchRef: null }
      expect(await http.post('/allocations', line)).toMatchObject({
        status: 202,
        body: { ...line, ...waiting },
      })
      expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({
        body: [{ sku, qty: 3, ...waiting }],
      })
      const ref = await addBatch(sku, 3)
      expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({
        body: [{ status: 'allocated', batchRef: ref }],
      })
    })

    test('answers 200 to the same again, whatever its status', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 5)
      for (const [qty, status] of [
        [5, 'allocated'],
        [6, 'backordered'],
      ] as const) {
        const line = { orderId: fresh('order'), sku, qty }
        await http.post('/allocations', line)
        expect(await http.post('/allocations', line)).toMatchObject({
          status: 200,
          body: { ...line, status },
        })
      }
    })

    test('answers 409 to another quantity for the line', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 5)
      const line = { orderId: fresh('order'), sku, qty: 5 }
      await http.post('/allocations', line)
      expect(await http.post('/allocations', { ...line, qty: 4 })).toMatchObject({
        status: 409,
        body: { code: 'LineQuantityConflict' },
      })
    })

    test('COS-45 answers 404 to an unknown SKU, and GET for that order answers 404', async () => {
      const line = { orderId: fresh('order'), sku: fresh('NOBODY'), qty: 1 }
      expect(await http.post('/allocations', line)).toMatchObject({
        status: 404,
        body: { code: 'InvalidSku', detail: `Invalid sku ${line.sku}` },
      })
      expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({
        status: 404,
        body: { code: 'NotFound' },
      })
    })

    test('answers 400 to an address that is none', async () => {
      const line = { orderId: fresh('order'), sku: 'LAMP', qty: 1, notify: 'a@b.c\r\nbcc: d@e.f' }
      expect(await http.post('/allocations', line)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'notify' }] },
      })
    })

    test('COS-48 the next order finds what the last one left: it goes to the next batch', async () => {
      const sku = fresh('LAMP')
      const [now, later] = [await addBatch(sku, 10), await addBatch(sku, 100, '2030-01-01')]
      for (const batchRef of [now, later]) {
        const line = { orderId: fresh('order'), sku, qty: 10 }
        expect(await http.post('/allocations', line)).toMatchObject({ body: { batchRef } })
        expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({ body: [{ batchRef }] })
      }
    })
  })

  describe('GET /allocations/:orderId', () => {
    test('COS-41 gives the lines of that order alone, in the order of SKUs', async () => {
      const [b, a] = [fresh('B'), fresh('A')]
      const refs = [await addBatch(b, 50), await addBatch(a, 50)]
      for (const sku of [a, b]) await addBatch(sku, 50, '2030-01-01')
      const orderId = fresh('order')
      for (const sku of [b, a]) await http.post('/allocations', { orderId, sku, qty: 2 })
      await http.post('/allocations', { orderId: fresh('order'), sku: a, qty: 2 })
      const { body } = await http.get(`/allocations/${orderId}`)
      expect(body).toEqual([
        { sku: a, qty: 2, status: 'allocated', batchRef: refs[1] },
        { sku: b, qty: 2, status: 'allocated', batchRef: refs[0] },
      ])
    })

    test('COS-42 shows a released line in its new batch only', async () => {
      const sku = fresh('LAMP')
      const first = await addBatch(sku, 10)
      const second = await addBatch(sku, 10, '2030-01-01')
      const orderId = fresh('order')
      await http.post('/allocations', { orderId, sku, qty: 10 })
      expect(await http.patch(`/batches/${first}`, { qty: 5 })).toMatchObject({ body: { released: 1 } })
      expect((await http.get(`/allocations/${orderId}`)).body).toEqual([
        { sku, qty: 10, status: 'allocated', batchRef: second },
      ])
    })

    test('finds orders whatever characters they are made of', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 10)
      const orderId = `заказ/№ ${fresh('1')}%?#`
      const { headers } = await http.post('/allocations', { orderId, sku, qty: 1 })
      expect(await http.get(String(headers.location))).toMatchObject({ status: 200 })
    })
  })

  describe('GET /products/:sku', () => {
    test('gives batches in the order in which they are drawn upon, and what waits', async () => {
      const sku = fresh('LAMP')
      const later = await addBatch(sku, 5, '2030-01-01')
      const now = await addBatch(sku, 3)
      const orders = [fresh('order'), fresh('order'), fresh('order')]
      for (const [i, qty] of [2, 9, 8].entries()) {
        await http.post('/allocations', { orderId: orders[i], sku, qty })
      }
      const { status, body } = await http.get(`/products/${sku}`)
      expect(status).toBe(200)
      expect(body).toEqual({
        sku,
        version: 5,
        batches: [
          { ref: now, eta: null, purchasedQty: 3, availableQty: 1 },
          { ref: later, eta: '2030-01-01', purchasedQty: 5, availableQty: 5 },
        ],
        waiting: [
          { orderId: orders[1], qty: 9 },
          { orderId: orders[2], qty: 8 },
        ],
      })
    })

    test('what changes nothing leaves the version alone', async () => {
      const sku = fresh('LAMP')
      const added = batch(sku, 5)
      const line = { orderId: fresh('order'), sku, qty: 5 }
      for (let i = 0; i < 2; i++) {
        await http.post('/batches', added)
        await http.post('/allocations', line)
        await http.patch(`/batches/${added.ref}`, { qty: 5 })
      }
      expect(await http.get(`/products/${sku}`)).toMatchObject({ body: { version: 2 } })
    })

    test('answers 404 to an unknown SKU', async () => {
      expect(await http.get(`/products/${fresh('NOBODY')}`)).toMatchObject({
        status: 404,
        body: { code: 'InvalidSku' },
      })
    })
  })

  test('OpenAPI tells every answer that a route may give', async () => {
    const { body } = await http.get('/docs/json')
    const { openapi, paths } = body as { openapi: string; paths: Record<string, Record<string, never>> }
    const answers = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => [
        `${method.toUpperCase()} ${path}`,
        Object.keys(responses).join(' '),
      ]),
    )
    expect(openapi).toBe('3.1.0')
    expect(JSON.stringify(body), 'a pattern that other languages do not read').not.toContain('\\\\p{')
    expect(Object.fromEntries(answers)).toMatchObject({
      'POST /batches': '200 201 400 409 413 415 422 500 503',
      'PATCH /batches/{ref}': '200 400 404 412 413 415 422 500 503',
      'GET /batches/{ref}': '200 304 400 404 500 503',
      'GET /batches': '200 400 500 503',
      'POST /allocations': '200 201 202 400 404 409 413 415 422 500 503',
      'DELETE /allocations/{orderId}/{sku}': '204 400 404 413 415 422 500 503',
      'GET /allocations/{orderId}': '200 400 404 500 503',
      'GET /products': '200 400 500 503',
      'GET /products/{sku}': '200 400 404 500 503',
      'GET /health/live': '200',
      'GET /health/ready': '200 503',
    })
  })
}
