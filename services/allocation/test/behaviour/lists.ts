import { describe, expect, test } from 'vitest'
import { fresh, type MakeStorage } from './allocation-service.ts'
import { servedOverHttp } from './requests.ts'

interface Page {
  readonly items: readonly { readonly ref: string; readonly sku: string }[]
  readonly next: string | null
}

/** What is in stock, one by one and page by page, on any storage. */
export function listBehaviour(makeStorage: MakeStorage): void {
  const { http } = servedOverHttp(makeStorage)

  const listed = async (url: string, query: Record<string, string | number>) => {
    const search = new URLSearchParams(query as Record<string, string>)
    const { status, body } = await http.get(`${url}?${search}`)
    expect(status).toBe(200)
    return body as Page
  }
  const allocate = (sku: string, qty: number) =>
    http.post('/allocations', { orderId: fresh('order'), sku, qty })

  describe('GET /batches/:ref', () => {
    test('gives what POST /batches has placed, and where it stands now', async () => {
      const [ref, sku] = [fresh('партия №'), fresh('LAMP')]
      const { headers } = await http.post('/batches', { ref, sku, qty: 10, eta: '2030-01-01' })
      await allocate(sku, 3)
      expect(await http.get(String(headers.location))).toMatchObject({
        status: 200,
        body: { ref, sku, eta: '2030-01-01', purchasedQty: 10, availableQty: 7 },
      })
      await http.patch(String(headers.location), { qty: 5 })
      expect(await http.get(String(headers.location))).toMatchObject({
        body: { purchasedQty: 5, availableQty: 2 },
      })
    })

    test('answers 404 to an unknown reference', async () => {
      expect(await http.get(`/batches/${fresh('batch')}`)).toMatchObject({
        status: 404,
        body: { code: 'BatchNotFound' },
      })
    })
  })

  describe('GET /batches', () => {
    test('gives a product’s batches in the order of references, each as GET /batches/:ref does', async () => {
      const [sku, stem] = [fresh('LAMP'), fresh('batch')]
      for (const [tail, qty, eta] of [
        ['b', 20, null],
        ['a', 10, '2030-01-01'],
        ['B', 5, '2029-01-01'],
      ] as const) {
        await http.addBatch(sku, qty, eta ?? undefined, stem + tail)
      }
      await http.addBatch(fresh('CHAIR'), 7)
      for (const qty of [4, 4, 19]) await allocate(sku, qty)
      const { items, next } = await listed('/batches', { sku })
      expect(items).toEqual([
        { ref: `${stem}B`, sku, eta: '2029-01-01', purchasedQty: 5, availableQty: 5 },
        { ref: `${stem}a`, sku, eta: '2030-01-01', purchasedQty: 10, availableQty: 10 },
        { ref: `${stem}b`, sku, eta: null, purchasedQty: 20, availableQty: 12 },
      ])
      expect(next).toBeNull()
      for (const item of items) expect((await http.get(`/batches/${item.ref}`)).body).toEqual(item)
    })

    test('goes on after the last item of a page, whether that exists or not, and ends with null', async () => {
      const [sku, stem] = [fresh('LAMP'), fresh('batch')]
      for (const n of [1, 2, 3, 4]) await http.addBatch(sku, 1, undefined, stem + n)
      const page = async (after?: string) => {
        const { items, next } = await listed('/batches', { sku, limit: 2, ...(after && { after }) })
        return [items.map(({ ref }) => ref.replace(stem, '')).join(), next?.replace(stem, '')]
      }
      expect(await page()).toEqual(['1,2', '2'])
      expect(await page(`${stem}2`)).toEqual(['3,4', undefined])
      expect(await page(`${stem}25`)).toEqual(['3,4', undefined])
      expect(await page(`${stem}4`)).toEqual(['', undefined])
    })

    test('over all products misses no batch and repeats none, whatever the letters and the page', async () => {
      const stem = fresh('batch')
      const tails = ['z', 'Z', 'é', '椅', '\uFF5E', '\u{1F6CB}', '-', '0']
      for (const tail of tails) await http.addBatch(fresh('LAMP'), 1, undefined, stem + tail)
      const found: string[] = []
      for (let after: string | null = stem; after !== null; ) {
        const page: Page = await listed('/batches', { after, limit: 3 })
        found.push(...page.items.map(({ ref }) => ref))
        after = found.at(-1)?.startsWith(stem) ? page.next : null
      }
      expect(found.filter((ref) => ref.startsWith(stem)).map((ref) => ref.slice(stem.length))).toEqual([
        '-',
        '0',
        'Z',
        'z',
        'é',
        '椅',
        '\uFF5E',
        '\u{1F6CB}',
      ])
    })

    test('holds 50 items unless told otherwise', async () => {
      const sku = fresh('LAMP')
      for (let i = 0; i < 51; i++) await http.addBatch(sku, 1)
      const { items, next } = await listed('/batches', { sku })
      expect([items.length, next]).toEqual([50, items.at(-1)?.ref])
    })
  })

  describe('GET /products', () => {
    test('gives products in figures, in the order of SKUs', async () => {
      const stem = fresh('LAMP')
      const [a, b, c] = [`${stem}a`, `${stem}b`, `${stem}c`]
      await http.addBatch(b, 5)
      await http.addBatch(b, 6, '2030-01-01')
      await http.addBatch(a, 1)
      await http.addBatch(c, 2)
      for (const qty of [4, 6, 7, 8]) await allocate(b, qty)
      expect(await listed('/products', { after: stem, limit: 2 })).toEqual({
        items: [
          { sku: a, version: 1, purchasedQty: 1, availableQty: 1, waitingQty: 0 },
          { sku: b, version: 6, purchasedQty: 11, availableQty: 1, waitingQty: 15 },
        ],
        next: b,
      })
      expect(await listed('/products', { after: b, limit: 1 })).toMatchObject({ items: [{ sku: c }] })
    })
  })

  test.each(['/batches', '/products'])('%s refuses a page of no size or of too many', async (url) => {
    for (const limit of ['0', '201', '1.5', 'many', '']) {
      expect(await http.get(`${url}?limit=${limit}`)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'limit' }] },
      })
    }
    expect(await http.get(`${url}?after=%00`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'after' }] },
    })
  })
}
