import { testPasswords } from '@posthorn/rabbitmq/testing'
import { expect, test } from 'vitest'
import { labels } from '../crash-points/labels.ts'
import { tableOf } from '../crash-points/print-table.ts'
import { run } from '../crash-points/run.ts'

const full = process.env.POSTHORN_TEST_FULL === '1'
const KILLS = full ? 50 : 1

test(
  'F24 C51 C52 C80 C88 a worker that is killed at any step leaves nothing undone, and nothing done twice',
  async () => {
    const seed = Date.now() % 1_000_000
    const chosen = full ? labels : labels.filter(({ classic }) => classic)
    const lines = await run({ servers: sharedServers(), labels: chosen, kills: KILLS, seed, together: !full })
    const table = tableOf(lines)
    if (full) console.log(`${KILLS} kills at each label, seed ${seed}\n${table}`)
    const unclean = lines.flatMap(({ differences }) => differences)
    expect(unclean, `seed ${seed}\n${table}`).toEqual([])
    const killed = lines.reduce((sum, line) => sum + line.kills, 0)
    expect(killed).toBe(chosen.length * KILLS)
  },
  full ? 3_600_000 : 180_000,
)

function sharedServers() {
  const managementUrl = required('POSTHORN_TEST_MANAGEMENT_URL')
  return {
    amqpUrl: required('POSTHORN_TEST_AMQP_URL'),
    managementUrl,
    databaseUrl: required('POSTHORN_TEST_DATABASE_URL'),
    passwords: testPasswords(managementUrl, ['desk', 'books', 'till', 'kiosk']),
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set; run the tests with npm test`)
  return value
}
