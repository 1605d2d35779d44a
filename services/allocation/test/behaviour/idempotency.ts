import { createHash, randomUUID } from 'node:crypto'
import { allocation } from '@posthorn/contracts'
import { describe, expect, test } from 'vitest'
import { fresh, type MakeStorage } from './allocation-service.ts'
import { servedOverHttp } from './requests.ts'

/** What an `Idempotency-Key` promises, on any storage. */
export function idempotencyBehaviour(makeStorage: MakeStorage): void {
  const { http, storage } = servedOverHttp(makeStorage)

  const newKey = () => ({ 'idempotency-key': randomUUID() })
  const versionOf = async (sku: string) =>
    ((await http.get(`/products/${sku}`)).body as { version: number }).version
  const seen = ({ status, headers, body }: Awaited<ReturnType<typeof http.get>>) => {
    const { location, etag } = headers
    return { status, location, etag, body }
  }

  describe('a request that repeats its Idempotency-Key', () => {
    test('gets the first answer to POST /batches, whatever has happened to the batch since', async () => {
      const [batch, key] = [{ ref: fresh('batch'), sku: fresh('LAMP'), qty: 10 }, newKey()]
      const first = seen(await http.post('/batches', batch, key))
      expect(first).toMatchObject({ status: 201, location: `/batches/${batch.ref}`, body: batch })
      await http.patch(`/batches/${batch.ref}`, { qty: 3 })
      expect(seen(await http.post('/batches', batch, key))).toEqual(first)
    })

    test('gets the first answer to POST /batches also from before outcomes told the stock', async () => {
      const [batch, key] = [{ ref: fresh('batch'), sku: fresh('LAMP'), qty: 10 }, newKey()]
      const { type, payload } = allocation.commands.CreateBatch(batch)
      const claim = { consumer: 'commands', source: 'allocation', messageId: key['idempotency-key'] }
      const hash = createHash('sha256')
        .update(`${type} ${JSON.stringify(payload)}`)
        .digest('hex')
      const earlier = await storage().units.begin()
      await earlier.inbox.claim(claim, `${type} ${hash}`)
      earlier.inbox.record(claim, { ok: true, result: { ref: batch.ref, created: true } })
      await earlier.commit()
      expect(seen(await http.post('/batches', batch, key))).toEqual({
        status: 201,
        location: `/batches/${batch.ref}`,
        etag: undefined,
        body: { ...batch, eta: null },
      })
    })

    test.each([
      ['201', 5],
      ['202', 6],
    ])('gets the first %s to POST /allocations, wherever the line stands by then', async (status, qty) => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const ref = await http.addBatch(sku, 5)
      const line = { orderId: fresh('order'), sku, qty }
      const first = seen(await http.post('/allocations', line, key))
      expect(first).toMatchObject({ status: Number(status), location: `/allocations/${line.orderId}` })
      await http.patch(`/batches/${ref}`, { qty: qty === 5 ? 0 : 9 })
      expect(seen(await http.post('/allocations', line, key))).toEqual(first)
    })

    test('gets the first answer to PATCH, and changes nothing back', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const ref = await http.addBatch(sku, 5)
      const first = seen(await http.patch(`/batches/${ref}`, { qty: 7 }, key))
      await http.patch(`/batches/${ref}`, { qty: 8 })
      expect(seen(await http.patch(`/batches/${ref}`, { qty: 7 }, key))).toEqual(first)
      expect(await http.get(`/batches/${ref}`)).toMatchObject({ body: { purchasedQty: 8 } })
    })

    test('gets 204 to DELETE again, and leaves alone what was asked for anew', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      await http.addBatch(sku, 5)
      const line = { orderId: fresh('order'), sku, qty: 5 }
      const url = `/allocations/${line.orderId}/${sku}`
      await http.post('/allocations', line)
      expect(await http.delete(url, key)).toMatchObject({ status: 204 })
      expect(await http.delete(url, key)).toMatchObject({ status: 204 })
      await http.post('/allocations', line)
      expect(await http.delete(url, key)).toMatchObject({ status: 204 })
      expect(await http.get(`/allocations/${line.orderId}`)).toMatchObject({
        body: [line].map(({ qty }) => ({ qty })),
      })
    })

    test('gets the same refusal again, though by now it would succeed', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const line = { orderId: fresh('order'), sku, qty: 5 }
      const first = seen(await http.post('/allocations', line, key))
      expect(first).toMatchObject({ status: 404, body: { code: 'InvalidSku' } })
      await http.addBatch(sku, 5)
      expect(seen(await http.post('/allocations', line, key))).toEqual(first)
      expect(await http.post('/allocations', line)).toMatchObject({ status: 201 })
    })

    test('is served once, also when it comes many times at once', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const batch = { ref: fresh('batch'), sku, qty: 5 }
      const batches = await Promise.all(Array.from({ length: 6 }, () => http.post('/batches', batch, key)))
      expect(batches.map(({ status }) => status)).toEqual(Array(6).fill(201))
      const line = { orderId: fresh('order'), sku, qty: 5 }
      const another = newKey()
      const lines = await Promise.all(
        Array.from({ length: 6 }, () => http.post('/allocations', line, another)),
      )
      expect(lines.map(({ status }) => status)).toEqual(Array(6).fill(201))
      expect(await versionOf(sku)).toBe(2)
    })

    test('is the same request in whatever case the key is written', async () => {
      const [sku, key] = [fresh('LAMP'), randomUUID()]
      const batch = { ref: fresh('batch'), sku, qty: 5 }
      for (const written of [key, key.toUpperCase()]) {
        expect(await http.post('/batches', batch, { 'idempotency-key': written })).toMatchObject({
          status: 201,
        })
      }
    })
  })

  describe('an Idempotency-Key stands for one request', () => {
    test('another body gets 422 and changes nothing', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const batch = { ref: fresh('batch'), sku, qty: 5 }
      await http.post('/batches', batch, key)
      expect(await http.post('/batches', { ...batch, qty: 6 }, key)).toMatchObject({
        status: 422,
        body: { code: 'IdempotencyKeyReuse' },
      })
      expect(await versionOf(sku)).toBe(1)
    })

    test('another request, another batch or another condition gets 422 too', async () => {
      const [sku, key] = [fresh('LAMP'), newKey()]
      const [ref, other] = [await http.addBatch(sku, 5), await http.addBatch(sku, 5)]
      expect(await http.patch(`/batches/${ref}`, { qty: 6 }, key)).toMatchObject({ status: 200 })
      const reuses = [
        await http.patch(`/batches/${other}`, { qty: 6 }, key),
        await http.patch(`/batches/${ref}`, { qty: 6 }, { ...key, 'if-match': '"6-6"' }),
        await http.post('/allocations', { orderId: fresh('order'), sku, qty: 1 }, key),
        await http.post('/batches', { ref: fresh('batch'), sku, qty: 6 }, key),
      ]
      expect(reuses.map(({ status }) => status)).toEqual([422, 422, 422, 422])
      expect(await versionOf(sku)).toBe(3)
    })

    test('what is no UUID gets 400', async () => {
      const batch = { ref: fresh('batch'), sku: fresh('LAMP'), qty: 5 }
      expect(await http.post('/batches', batch, { 'idempotency-key': 'mine' })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'idempotency-key' }] },
      })
    })

    test('a request that was not valid has not used it up', async () => {
      const [batch, key] = [{ ref: fresh('batch'), sku: fresh('LAMP'), qty: 5 }, newKey()]
      expect(await http.post('/batches', { ...batch, qty: 0 }, key)).toMatchObject({ status: 400 })
      expect(await http.post('/batches', batch, key)).toMatchObject({ status: 201 })
    })
  })
}
