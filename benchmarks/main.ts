import { parseArgs } from 'node:util'
import { rows } from './rows/all-rows.ts'
import { writePage } from './suite/page.ts'
import { printResult } from './suite/print-result.ts'
import { resultOf, writeResult } from './suite/results.ts'
import { runRow } from './suite/run-row.ts'
import { benchmarkServers } from './suite/servers.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
})
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const unknown = positionals.filter((name) => rows.every((row) => row.name !== name))
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const servers = await benchmarkServers()
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
for (const row of chosen) {
  const samples = await runRow(row, servers, { smoke: values.smoke, rounds, log: console.log })
  if (values.smoke) {
    console.log(`✓ ${row.name}`)
    continue
  }
  const result = resultOf(row, samples, servers)
  printResult(result)
  if (values.record) writeResult(result)
}
if (values.record) writePage()
await servers.end()
