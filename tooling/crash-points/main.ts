import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { planSystem } from '@posthorn/core'
import { generatePasswords } from '@posthorn/rabbitmq'
import { startPostgresNode } from '../faults/servers/postgres-node.ts'
import { startRabbitMqNode } from '../faults/servers/rabbitmq-node.ts'
import { labelled, labels } from './labels.ts'
import { tableOf } from './print-table.ts'
import { run } from './run.ts'
import { system } from './system.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    labels: { type: 'string' },
  },
})
const chosen = values.labels === undefined ? labels : values.labels.split(',').map(labelled)
const [kills, seed] = [Number(values.kills), Number(values.seed)]
console.log(`${kills} kills at each of ${chosen.length} labels, seed ${seed}`)

const folder = await mkdtemp(join(tmpdir(), 'posthorn-crash-points-'))
const [rabbitMq, postgres] = await Promise.all([startRabbitMqNode(folder), startPostgresNode(folder)])
const clear = async () => {
  await Promise.all([rabbitMq.stop(), postgres.stop()])
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void clear().finally(() => process.exit(1)))
}
try {
  const servers = {
    amqpUrl: rabbitMq.amqpUrl,
    managementUrl: rabbitMq.managementUrl,
    databaseUrl: postgres.url,
    passwords: generatePasswords(planSystem(system)),
  }
  const lines = await run({ servers, labels: chosen, kills, seed, log: console.log })
  console.log(`\n${tableOf(lines)}`)
  process.exitCode = lines.every(({ differences }) => differences.length === 0) ? 0 : 1
} finally {
  await clear()
}
