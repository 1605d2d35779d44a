import { describe, expect, test } from 'vitest'
import { fresh, type MakeStorage } from './allocation-service.ts'
import { servedOverHttp } from './requests.ts'

/** What entity tags are good for, on any storage. */
export function conditionalBehaviour(makeStorage: MakeStorage): void {
  const { http } = servedOverHttp(makeStorage)

  const placed = async (qty: number) => {
    const sku = fresh('LAMP')
    const ref = await http.addBatch(sku, qty)
    return { sku, url: `/batches/${ref}`, tag: await tagOf(`/batches/${ref}`) }
  }
  const tagOf = async (url: string) => String((await http.get(url)).headers.etag)
  const allocate = (sku: string, qty: number) =>
    http.post('/allocations', { orderId: fresh('order'), sku, qty })

  describe('the ETag of a batch', () => {
    test('is strong, and the same on POST, PATCH and GET as long as nothing changes', async () => {
      const batch = { ref: fresh('batch'), sku: fresh('LAMP'), qty: 10 }
      const url = `/batches/${batch.ref}`
      const created = await http.post('/batches', batch)
      expect(created.headers.etag).toMatch(/^"[^"]+"$/)
      expect(await tagOf(url)).toBe(created.headers.etag)
      expect((await http.post('/batches', batch)).headers.etag).toBe(created.headers.etag)
      const changed = await http.patch(url, { qty: 7 })
      expect(changed.headers.etag).not.toBe(created.headers.etag)
      expect(await tagOf(url)).toBe(changed.headers.etag)
    })

    test('of a batch that serves waiting lines at once tells the state after that', async () => {
      const { sku } = await placed(1)
      await allocate(sku, 4)
      const ref = fresh('batch')
      const { headers } = await http.post('/batches', { ref, sku, qty: 10 })
      expect(await tagOf(`/batches/${ref}`)).toBe(headers.etag)
    })

    test('is not given by a PATCH whose released lines are tried again after the answer', async () => {
      const { sku, url, tag } = await placed(10)
      await allocate(sku, 2)
      await allocate(sku, 7)
      const { status, headers, body } = await http.patch(url, { qty: 4 })
      expect({ status, body }).toMatchObject({ status: 200, body: { availableQty: 2, released: 1 } })
      expect(headers.etag).toBeUndefined()
      expect(await tagOf(url)).not.toBe(tag)
    })

    test('changes with each allocation from it', async () => {
      const { sku, url, tag } = await placed(10)
      await allocate(sku, 1)
      expect(await tagOf(url)).not.toBe(tag)
    })
  })

  describe('PATCH with If-Match', () => {
    test('changes a batch that nobody else has touched', async () => {
      const { url, tag } = await placed(10)
      expect(await http.patch(url, { qty: 5 }, { 'if-match': tag })).toMatchObject({ status: 200 })
    })

    test('answers 412 when something has changed, also only by an allocation, and changes nothing', async () => {
      const { sku, url, tag } = await placed(10)
      await allocate(sku, 1)
      const before = await tagOf(url)
      for (const qty of [5, 10]) {
        expect(await http.patch(url, { qty }, { 'if-match': tag })).toMatchObject({
          status: 412,
          body: { code: 'BatchChanged', title: 'Precondition Failed' },
        })
      }
      expect(await tagOf(url)).toBe(before)
    })

    test.each([
      ['*', 200],
      ['"other", TAG', 200],
      ['"a,b" ,\tTAG,', 200],
      [' TAG ', 200],
      ['"other"', 412],
      ['W/TAG', 412],
      ['W/TAG, "other"', 412],
      ['"10"', 412],
      ['"010-10"', 412],
      ['"99999999999-1"', 412],
    ])('%s answers %i', async (ifMatch, status) => {
      const { url, tag } = await placed(10)
      const headers = { 'if-match': ifMatch.replace('TAG', tag) }
      expect(await http.patch(url, { qty: 5 }, headers)).toMatchObject({ status })
    })

    test.each(['', 'abc', '"abc', '*, "a"', '"a" "b"', 'w/"a"', ','])('%j answers 400', async (ifMatch) => {
      const { url, tag } = await placed(10)
      expect(await http.patch(url, { qty: 5 }, { 'if-match': ifMatch })).toMatchObject({
        status: 400,
        body: { code: 'ValidationFailed', errors: [{ path: expect.stringContaining('if-match') }] },
      })
      expect(await tagOf(url)).toBe(tag)
    })

    test('answers 404, not 412, for an unknown batch', async () => {
      const url = `/batches/${fresh('batch')}`
      for (const ifMatch of ['*', '"a"']) {
        expect(await http.patch(url, { qty: 5 }, { 'if-match': ifMatch })).toMatchObject({ status: 404 })
      }
    })

    test('of many who saw the same state one changes it', async () => {
      const { url, tag } = await placed(10)
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) => http.patch(url, { qty: 20 + n }, { 'if-match': tag })),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)])
    })
  })

  describe('GET with If-None-Match', () => {
    test.each([
      ['TAG', 304],
      ['W/TAG', 304],
      ['"other", TAG', 304],
      ['*', 304],
      ['"other"', 200],
    ])('%s answers %i', async (ifNoneMatch, status) => {
      const { url, tag } = await placed(10)
      const answer = await http.get(url, { 'if-none-match': ifNoneMatch.replace('TAG', tag) })
      expect(answer).toMatchObject({ status, headers: { etag: tag } })
      if (status === 304) expect(answer.body).toBeUndefined()
    })
  })
}
