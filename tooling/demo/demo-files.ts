import { allocateInput, createBatchInput } from '@posthorn/contracts'
import { type CsvColumns, readCsv } from './read-csv.ts'

/** A line to send, as the body of its request. */
export interface DemoLine {
  readonly line: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface DemoFile {
  readonly path: string
  readonly lines: readonly DemoLine[]
  /** What is wrong with the other lines, each with its file, line and column. */
  readonly faults: readonly string[]
}

export interface DemoFiles {
  readonly batches: DemoFile
  readonly orders: DemoFile
}

type Schema = typeof createBatchInput | typeof allocateInput

/**
 * Reads what the demo is to play, and checks each line as the service will.
 *
 * @throws {Error} a sentence, when a file is none of batches or of order lines
 */
export async function readDemoFiles(paths: {
  readonly batches: string
  readonly orders: string
}): Promise<DemoFiles> {
  return {
    batches: await readDemoFile(
      paths.batches,
      { required: ['ref', 'sku', 'qty'], optional: ['eta'] },
      createBatchInput,
    ),
    orders: await readDemoFile(
      paths.orders,
      { required: ['orderId', 'sku', 'qty'], optional: ['notify'] },
      allocateInput,
    ),
  }
}

async function readDemoFile(path: string, columns: CsvColumns, schema: Schema): Promise<DemoFile> {
  const file = await readCsv(path, columns)
  const checked = file.lines.map(({ line, values }) => {
    const body = bodyOf(values)
    return { line, body, fault: faultIn(body, schema) }
  })
  return {
    path,
    lines: checked.filter(({ fault }) => fault === ''),
    faults: [
      ...file.faults,
      ...checked.flatMap(({ line, fault }) => (fault === '' ? [] : [`${path}, line ${line}, ${fault}`])),
    ],
  }
}

/** The first fault of each column, as one text; empty when there is none. */
function faultIn(body: DemoLine['body'], schema: Schema): string {
  const faults = new Map<PropertyKey, string>()
  for (const { path, message } of schema.safeParse(body).error?.issues ?? []) {
    const [column = ''] = path
    if (!faults.has(column)) faults.set(column, `column ${String(column)}: ${message}`)
  }
  return [...faults.values()].join('; ')
}

/** Empty fields that may be absent are; a quantity that is no numeral stays a text, which the schema refuses. */
function bodyOf({ qty = '', eta, notify, ...names }: Readonly<Record<string, string>>) {
  return {
    ...names,
    qty: /^-?\d+$/.test(qty) ? Number(qty) : qty,
    ...(eta ? { eta } : {}),
    ...(notify ? { notify } : {}),
  }
}
