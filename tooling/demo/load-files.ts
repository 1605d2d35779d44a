import { type AllocationClient, type Answer, problem } from './allocation-client.ts'
import { progressBar } from './progress-bar.ts'
import { type CsvLine, readCsv } from './read-csv.ts'

/** What came of two files. `rejected` are lines that are no orders at all; the rest went on without them. */
export interface Tally {
  batches: number
  allocated: number
  backordered: number
  unknownSku: number
  repeated: number
  rejected: number
}

/** Sends batches and then order lines, each in the order of its file, through the HTTP API. */
export async function loadFiles(
  client: AllocationClient,
  files: { readonly batches: string; readonly orders: string },
  say: (text: string) => void,
): Promise<Tally> {
  const batches = await readCsv(files.batches, ['ref', 'sku', 'qty'])
  const orders = await readCsv(files.orders, ['orderId', 'sku', 'qty'])
  const tally: Tally = { batches: 0, allocated: 0, backordered: 0, unknownSku: 0, repeated: 0, rejected: 0 }

  await each('batches', files.batches, batches, tally, say, async ({ ref, sku, qty, eta }) => {
    const answer = await client.createBatch({ ref, sku, qty: number(qty), ...(eta ? { eta } : {}) })
    if (answer.status === 201) tally.batches += 1
    else if (answer.status === 200) tally.repeated += 1
    return answer
  })
  await each('orders ', files.orders, orders, tally, say, async ({ orderId, sku, qty, notify }) => {
    const answer = await client.allocate({ orderId, sku, qty: number(qty), ...(notify ? { notify } : {}) })
    if (answer.status === 201) tally.allocated += 1
    else if (answer.status === 202) tally.backordered += 1
    else if (answer.status === 200) tally.repeated += 1
    else if (answer.body['code'] === 'InvalidSku') tally.unknownSku += 1
    return answer
  })
  return tally
}

async function each(
  label: string,
  path: string,
  lines: readonly CsvLine[],
  tally: Tally,
  say: (text: string) => void,
  send: (values: Readonly<Record<string, string>>) => Promise<Answer>,
): Promise<void> {
  const show = progressBar(label, lines.length)
  const faults: string[] = []
  let done = 0
  for (const line of lines) {
    if ('fault' in line) faults.push(`${path}, line ${line.line}: ${line.fault}`)
    else {
      const answer = await send(line.values)
      const refused = answer.status >= 400 && answer.body['code'] !== 'InvalidSku'
      if (refused) faults.push(`${path}, line ${line.line}: ${problem(answer)}`)
    }
    done += 1
    show(done)
  }
  tally.rejected += faults.length
  for (const fault of faults) say(`  ! ${fault}`)
}

/** The number that a field holds; what is none goes to the service as it is, which says what is wrong with it. */
function number(text: string | undefined): number | string {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : (text ?? '')
}
