import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../running-system/eventually.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { doorsOf } from './doors.ts'
import { frameCasesFor } from './hostile-cases.ts'

let running: RunningSystem
beforeAll(async () => {
  running = await startE2eSystem()
}, 60_000)
afterAll(() => running?.stop())

const door = doorsOf(planSystem(system)).find(({ what }) => what === 'warehouse sends CreateBatch')
if (door === undefined) throw new Error('The warehouse sends CreateBatch')
const cases = frameCasesFor(door).filter(({ anonymous }) => anonymous !== true)

test('B19 a service that is sent them tells of each in one line of JSON, of limited length, and lives', async () => {
  const { broker, allocation } = running
  const vhost = `${broker.namespace}.${door.domain}`
  const quiet = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const warehouse = await new RabbitMqBroker({ url: broker.urlFor(door.user), user: door.user }).open(
    vhost,
    quiet,
  )
  const { exchange, routingKey } = door
  for (const { properties, body } of cases) {
    await warehouse.publish({ exchange, routingKey, properties, body }, 5_000)
  }
  await warehouse.close(2_000)

  const refused = cases.map(({ expected }) => expected).filter((expected) => expected !== 'understood')
  const lines = await eventually(
    () => {
      const told = allocation.output().split('\n').slice(0, -1)
      return told.length >= refused.length ? told : undefined
    },
    () => `${refused.length} lines of log:\n${allocation.output().slice(-2_000)}`,
  )
  const records = lines.map((line) => JSON.parse(line) as { readonly reason?: string; readonly msg?: string })
  expect(records.map(({ reason }) => reason).sort()).toEqual(refused.sort())
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(8_192)
  expect((await fetch(`${allocation.url}/health/ready`)).status).toBe(200)
}, 60_000)
