import { type AllocationClient, type Answer, problem } from './allocation-client.ts'
import type { DemoFile, DemoFiles, DemoLine } from './demo-files.ts'
import { progressBar } from './progress-bar.ts'

/** What came of two files. `rejected` are lines that are no orders at all; the rest went on without them. */
export interface Tally {
  batches: number
  allocated: number
  backordered: number
  unknownSku: number
  repeated: number
  rejected: number
}

const MOST_FAULTS = 20

/** Tells what is wrong with the files, then sends batches and order lines, each in the order of its file. */
export async function loadFiles(
  client: AllocationClient,
  files: DemoFiles,
  say: (text: string) => void,
): Promise<Tally> {
  const tally: Tally = { batches: 0, allocated: 0, backordered: 0, unknownSku: 0, repeated: 0, rejected: 0 }
  const reject = (faults: readonly string[]) => {
    tally.rejected += faults.length
    for (const fault of faults.slice(0, MOST_FAULTS)) say(`  ! ${fault}`)
    if (faults.length > MOST_FAULTS) say(`  ! and ${faults.length - MOST_FAULTS} more`)
  }
  reject([...files.batches.faults, ...files.orders.faults])

  const refusedBatches = await each('batches', files.batches, async ({ body }) => {
    const answer = await client.createBatch(body)
    if (answer.status === 201) tally.batches += 1
    else if (answer.status === 200) tally.repeated += 1
    return answer
  })
  reject(refusedBatches)
  const refusedOrders = await each('orders ', files.orders, async ({ body }) => {
    const answer = await client.allocate(body)
    if (answer.status === 201) tally.allocated += 1
    else if (answer.status === 202) tally.backordered += 1
    else if (answer.status === 200) tally.repeated += 1
    else if (answer.body['code'] === 'InvalidSku') tally.unknownSku += 1
    return answer
  })
  reject(refusedOrders)
  return tally
}

/** Gives what the service refused, and why. */
async function each(
  label: string,
  { path, lines }: DemoFile,
  send: (line: DemoLine) => Promise<Answer>,
): Promise<readonly string[]> {
  const show = progressBar(label, lines.length)
  const refused: string[] = []
  for (const [index, line] of lines.entries()) {
    const answer = await send(line)
    if (answer.status >= 400 && answer.body['code'] !== 'InvalidSku')
      refused.push(`${path}, line ${line.line}: ${problem(answer)}`)
    show(index + 1)
  }
  return refused
}
