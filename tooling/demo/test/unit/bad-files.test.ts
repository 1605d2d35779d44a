import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AllocationClient } from '../../allocation-client.ts'
import { readDemoFiles } from '../../demo-files.ts'
import { loadFiles } from '../../load-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthorn-csv-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const BATCHES = 'ref,sku,qty,eta\nbatch-1,LAMP,10,\n'
const ORDERS = 'orderId,sku,qty,notify\norder-1,LAMP,3,\n'

/** Reads two files with these contents. */
async function read({
  batches = BATCHES,
  orders = ORDERS,
}: {
  batches?: string | Uint8Array
  orders?: string | Uint8Array
}) {
  const paths = { batches: join(folder, 'batches.csv'), orders: join(folder, 'orders.csv') }
  await writeFile(paths.batches, batches)
  await writeFile(paths.orders, orders)
  return readDemoFiles(paths)
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

describe('a file that is refused as a whole', () => {
  test.each([
    ['nothing', '', ' is empty; its first line must be ref,sku,qty'],
    ['blank lines only', '\n\r\n\n', ' is empty; its first line must be ref,sku,qty'],
    ['a missing column', 'ref,sku\na,b\n', ', line 1: there is no column "qty"; the columns must be'],
    ['several missing columns', 'eta\n2030-01-01\n', ', line 1: there is no column "ref", "sku", "qty"; '],
    ['no header', 'batch-1,LAMP,10,\n', ', line 1: there is no column "ref", "sku", "qty"; '],
    ['a header in capitals', 'REF,SKU,QTY\na,b,1\n', ', line 1: there is no column "ref", "sku", "qty"; '],
    ['another separator', 'ref;sku;qty\na;b;1\n', ', line 1: there is no column "ref", "sku", "qty"; '],
    ['an unknown column', 'ref,sku,qty,ETA\na,b,1,\n', ', line 1: nobody knows the column "ETA"; '],
    ['a column without a name', 'ref,sku,qty,\na,b,1,\n', ', line 1: nobody knows the column ""; '],
    ['the column __proto__', 'ref,sku,qty,__proto__\na,b,1,\n', 'nobody knows the column "__proto__"; '],
    ['a column that moves the cursor', 'ref,sku,qty,\u001b[2J\u009b\n', 'the column "?[2J?"; '],
    ['a column twice', 'ref,sku,qty,sku\na,b,1,c\n', ', line 1: there are two columns "sku"; '],
    ['a header below blank lines', '\n\nref,sku\na,b\n', ', line 3: there is no column "qty"; '],
    [
      'a quote that is not closed',
      `${BATCHES}"a,b,1,\nc,d,2,\n`,
      ', line 4, column 1: the file ends before a quote',
    ],
    ['a quote in a field', `${BATCHES}a,b"c,1,\n`, ', line 3, column 2: a quote stands in the wrong'],
    ['text after a quote', `${BATCHES}a,"b"c,1,\n`, ', line 3, column 2: a quote stands in the wrong'],
    [
      'text after a quote and a blank',
      `${BATCHES}a,"b" c,1,\nd,e,1,\n`,
      ', line 3, column 2: a quote stands',
    ],
    [
      'a line of 10 MB',
      `${BATCHES}a,${'x'.repeat(10_000_000)},1,\n`,
      ', line 3, column 2: the line is longer',
    ],
    ['a header of 10 MB', 'x'.repeat(10_000_000), ', line 1, column 1: the line is longer than 100000'],
    ['Latin-1', bytes(BATCHES, 'b,caf', [0xe9], ',1,\n'), ', line 3 is not in UTF-8; save the file'],
    ['half a character', bytes(BATCHES, 'b,', [0xe2, 0x82], ',1,\n'), ', line 3 is not in UTF-8; save'],
    ['UTF-16', bytes([0xff, 0xfe], 'r\0e\0f\0'), ', line 1 is not in UTF-8; save the file'],
    ['a compressed file', bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), ', line 1 is not in UTF-8; save the file'],
  ])('%s', async (_what, batches, message) => {
    const refusal = await read({ batches }).catch((error: Error) => error.message)
    expect(refusal).toContain(message)
    expect(refusal).toMatch(/^\S*batches\.csv[ ,]/)
  })

  test('a file of order lines is refused for its own columns', async () => {
    await expect(read({ orders: BATCHES })).rejects.toThrow(
      /orders\.csv, line 1: there is no column "orderId"; the columns must be orderId,sku,qty\[,notify\]$/,
    )
  })

  test('a file that is not there, and a folder', async () => {
    const orders = join(folder, 'orders.csv')
    const missing = join(folder, 'missing.csv')
    await expect(readDemoFiles({ batches: missing, orders })).rejects.toThrow(`There is no file ${missing}`)
    await expect(readDemoFiles({ batches: folder, orders })).rejects.toThrow(`Cannot read ${folder}: `)
  })
})

const good = {
  batches: { ref: 'batch-2', sku: 'LAMP', qty: '10', eta: '2030-01-01' },
  orders: { orderId: 'order-2', sku: 'LAMP', qty: '3', notify: 'ada@example.com' },
}

const badNames = ['', '""', '" "', '.', '..', 'a\u0000b', '\u200b', '"a\nb"', '\u001b[2J', 'x'.repeat(65)]
const badQuantities = ['', '0', '-1', '1.5', '5.0', '+5', '1e3', '0x10', '1 000', '"1,000"', 'ten', 'NaN']
const badValues = {
  batches: {
    ref: badNames,
    sku: badNames,
    qty: [...badQuantities, '1000000001', '9007199254740993', '9'.repeat(400), '\u0663'],
    eta: ['2030-02-30', '2030-13-01', '01.01.2030', '2030-1-1', '0000-01-01', 'soon', '0'],
  },
  orders: {
    orderId: badNames,
    sku: badNames,
    qty: badQuantities,
    notify: ['nobody', 'a@b', 'a@example.com;b@example.com', '"a@example.com\nBcc: b@example.com"', '0'],
  },
}

describe('a line that is left out, and told with file, line and column', () => {
  for (const file of ['batches', 'orders'] as const) {
    for (const [column, values] of Object.entries(badValues[file])) {
      test(`a bad ${column} in ${file}`, async () => {
        for (const value of values) {
          const header = Object.keys(good[file]).join(',')
          const line = Object.values({ ...good[file], [column]: value }).join(',')
          const right = Object.values(good[file]).join(',')
          const files = await read({ [file]: `${header}\n${right}\n${line}\n${right}\n` })
          const lines = value.includes('\n') ? 4 : 3
          expect(files[file].faults, value.slice(0, 100)).toEqual([
            expect.stringMatching(
              new RegExp(`^[^ ]*${file}\\.csv, line ${lines}, column ${column}: [A-Za-z][^\\p{Cc}]+$`, 'u'),
            ),
          ])
          expect(files[file].lines.map(({ line }) => line)).toEqual([2, lines + 1])
        }
      })
    }
  }

  test('one with all columns bad is told once, with each column', async () => {
    const { batches } = await read({ batches: 'ref,sku,qty,eta\n,,,soon\n' })
    expect(batches.faults).toEqual([
      expect.stringMatching(/line 2, column ref: .+; column sku: .+; column qty: .+; column eta: /),
    ])
  })

  test.each([
    ['a,b,1', 'has 3 fields where the header has 4'],
    ['a,b,1,,', 'has 5 fields where the header has 4'],
    ['a', 'has 1 fields where the header has 4'],
  ])('%s', async (line, message) => {
    const { batches } = await read({ batches: `ref,sku,qty,eta\n${line}\nbatch-2,LAMP,1,\n` })
    expect(batches.faults).toEqual([expect.stringMatching(new RegExp(`batches\\.csv, line 2: ${message}$`))])
    expect(batches.lines.map(({ line }) => line)).toEqual([3])
  })
})

describe('a file that looks odd and is right', () => {
  test.each([
    ['a byte order mark', `\uFEFF${BATCHES}`],
    ['CRLF', BATCHES.replaceAll('\n', '\r\n')],
    ['no end of the last line', BATCHES.trimEnd()],
    ['blanks around fields', 'ref , sku,qty, eta\n batch-1 , LAMP , 10 ,\n'],
    ['quotes', '"ref","sku","qty","eta"\n"batch-1","LAMP","10",""\n'],
    ['blank lines', 'ref,sku,qty,eta\n\n\nbatch-1,LAMP,10,\n\n'],
    ['another order of columns', 'eta,qty,sku,ref\n,10,LAMP,batch-1\n'],
    ['no optional column', 'ref,sku,qty\nbatch-1,LAMP,10\n'],
  ])('%s', async (_what, batches) => {
    const files = await read({ batches })
    expect(files.batches.faults).toEqual([])
    expect(files.batches.lines.map(({ body }) => body)).toEqual([{ ref: 'batch-1', sku: 'LAMP', qty: 10 }])
  })

  test('a quoted field may hold the separator and quotes', async () => {
    const { batches } = await read({ batches: 'ref,sku,qty\n"a, ""b""",\u{1fa94},1\n' })
    expect(batches.lines.map(({ body }) => body)).toEqual([{ ref: 'a, "b"', sku: '\u{1fa94}', qty: 1 }])
  })

  test('a header alone has no lines', async () => {
    expect((await read({ batches: 'ref,sku,qty\n' })).batches).toMatchObject({ lines: [], faults: [] })
  })
})

test('every fault is told before anything is sent, and the rest is sent', async () => {
  const files = await read({
    batches: `${BATCHES}batch-2,LAMP,0,\n`,
    orders: `${ORDERS}order-2,LAMP,3\norder-3,LAMP,x,\n`,
  })
  const story: string[] = []
  const client: AllocationClient = {
    createBatch: async (batch) => {
      story.push(JSON.stringify(batch))
      return { status: 201, body: {} }
    },
    allocate: async (line) => {
      story.push(JSON.stringify(line))
      return { status: 409, body: { detail: 'asked for another quantity' } }
    },
    changeBatch: () => Promise.reject(new Error('not used')),
    get: () => Promise.reject(new Error('not used')),
  }
  const tally = await loadFiles(client, files, (text) => story.push(text))
  expect(tally).toMatchObject({ batches: 1, allocated: 0, rejected: 4 })
  expect(story).toEqual([
    expect.stringMatching(/^ {2}! .*batches\.csv, line 3, column qty: /),
    expect.stringMatching(/^ {2}! .*orders\.csv, line 3: has 3 fields/),
    expect.stringMatching(/^ {2}! .*orders\.csv, line 4, column qty: /),
    '{"ref":"batch-1","sku":"LAMP","qty":10}',
    '{"orderId":"order-1","sku":"LAMP","qty":3}',
    expect.stringMatching(/^ {2}! .*orders\.csv, line 2: asked for another quantity$/),
  ])
})

test('whatever a file holds, it is read or refused with a sentence', async () => {
  const line = fc.array(fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '1', '\u0000', '\u{1fa94}', 'ref'))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        line.map((parts) => `ref,sku,qty,eta\n${parts.join('')}`),
        fc.uint8Array({ maxLength: 100 }),
      ),
      async (batches) => {
        const outcome = await read({ batches }).catch((error: Error) => error)
        if (!(outcome instanceof Error)) return
        expect(outcome.message).toMatch(
          /batches\.csv(, line \d+(, column \d+)?)?(:| is not in UTF-8;| is empty;) ?\S/,
        )
        expect(outcome.message).not.toMatch(/\p{C}/u)
      },
    ),
    { numRuns: 200 },
  )
})
