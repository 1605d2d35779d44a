import { allocation, system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { RabbitMqBroker, RabbitMqExternalBus } from '@posthorn/rabbitmq'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../../demo/allocation-client.ts'
import { eventually } from '../../running-system/eventually.ts'
import type { RunningSystem, ServiceName } from '../../running-system/running-system.ts'
import type { ServiceProcess } from '../../running-system/service-process.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { deadLetters } from '../model/dead-letters.ts'

const CANARY = 'canary-4711@example.com'
/** How Postgres and its drivers speak. */
const SQL = /\b(insert into|select .* from|update .* set|relation|posthorn_outbox)/i

let running: RunningSystem

beforeAll(async () => {
  running = await startE2eSystem({ env: { LOG_LEVEL: 'debug' } })
}, 60_000)

afterAll(() => running?.stop())

/** The lines of a log, as what they are made of. */
function told(service: ServiceProcess): readonly Readonly<Record<string, unknown>>[] {
  const lines = service.output().split('\n').slice(1, -1)
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

test('C91 whatever follows from a request, by event, call or mail, stands in both logs under its correlation id', async () => {
  const { url } = running.allocation
  await allocationClient(url).createBatch({ ref: 'TRACE-stock', sku: 'TRACE', qty: 1 })
  const response = await fetch(`${url}/allocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId: 'trace-1', sku: 'TRACE', qty: 2 }),
  })
  const correlationId = response.headers.get('x-correlation-id')
  expect(correlationId).toMatch(/^[0-9a-f-]{36}$/)
  const handled = (service: ServiceProcess) =>
    told(service)
      .filter((line) => line.correlationId === correlationId && line.msg === 'handled')
      .map(({ handler, caller }) => `${handler} for ${caller}`)
  await eventually(() => handled(running.notifications).length >= 3 || undefined, 'the mail to be told of')
  expect(handled(running.allocation)).toEqual(
    expect.arrayContaining(['allocation.Allocate for allocation', 'allocation.GetProduct for notifications']),
  )
  expect(handled(running.notifications)).toEqual(
    expect.arrayContaining([
      'allocation.OutOfStock/tellStockDesk for allocation',
      'notifications.MailDue/deliverMail for notifications',
      'notifications.DeliveryEnded/endDelivery for notifications',
    ]),
  )
})

test('B18 C93 what fails inside is told to nobody outside, and no secret to anybody', async () => {
  const { allocation: service, notifications, broker, databases } = running
  const secrets = [
    CANARY,
    ...Object.values(broker.passwords),
    decodeURIComponent(new URL(databases.url('allocation')).password),
  ].filter((secret) => secret !== '')
  const client = allocationClient(service.url)
  expect((await client.createBatch({ ref: 'SECRET-stock', sku: 'SECRET', qty: 5 })).status).toBe(201)
  const line = { orderId: 'secret-1', sku: 'SECRET', qty: 1, notify: CANARY }

  const [answer, remote] = await withoutTable('allocation', 'posthorn_outbox', () =>
    Promise.all([client.allocate(line), failedCall()]),
  )
  expect(answer.status).toBe(500)
  const list = await withoutTable('notifications', 'notifications', () =>
    fetch(`${notifications.url}/notifications?recipient=${encodeURIComponent(CANARY)}`),
  )
  expect(list.status).toBe(500)
  // The answer may be here before the line of the log.
  await eventually(
    () => notifications.output().includes('\\nparams: [redacted]') || undefined,
    'the log of it',
  )
  await sendMalformed()
  const letter = await firstDeadLetter()

  for (const text of [
    JSON.stringify(answer.body),
    await list.text(),
    `${remote} ${JSON.stringify(remote)}`,
    letter.replace(MALFORMED, ''),
  ]) {
    expect(text).not.toMatch(SQL)
    for (const secret of secrets) expect(text).not.toContain(secret)
  }
  for (const errorId of [answer.body.errorId, remote?.errorId]) {
    const find = () => told(service).find((entry) => entry.errorId === errorId)
    const inLog = await eventually(find, `a line of the log about ${errorId}`)
    expect(JSON.stringify(inLog), 'under its id the log tells what failed').toMatch(/posthorn_outbox/)
  }
  for (const log of [service.output(), notifications.output()]) {
    for (const secret of secrets) expect(log).not.toContain(secret)
  }
}, 60_000)

/** Does something while a service does not find one of its tables. */
async function withoutTable<T>(service: ServiceName, table: string, work: () => Promise<T>): Promise<T> {
  const sql = postgres(running.databases.url(service), { max: 1, fetch_types: false })
  await sql.unsafe(`alter table ${table} rename to gone`)
  try {
    return await work()
  } finally {
    await sql.unsafe(`alter table gone rename to ${table}`)
    await sql.end()
  }
}

/** What a caller hears of a call that fails. */
async function failedCall(): Promise<(Error & { readonly errorId?: string }) | undefined> {
  const { broker } = running
  const domain = 'warehouse'
  const bus = new RabbitMqExternalBus({
    url: broker.urlFor(domain),
    domain,
    system,
    namespace: broker.namespace,
  })
  bus.registerDomains(allocation.name)
  await bus.start()
  try {
    await bus.call(allocation.commands.CreateBatch({ ref: CANARY, sku: 'SECRET', qty: 5 }))
    return undefined
  } catch (error) {
    return error as Error
  } finally {
    await bus.stop()
  }
}

async function firstDeadLetter(): Promise<string> {
  const plan = planSystem(system, { namespace: running.broker.namespace })
  return eventually(async () => {
    const [letter] = await deadLetters(plan, String(process.env.POSTHORN_TEST_MANAGEMENT_URL))
    return letter
  }, 'the dead letter')
}

const MALFORMED = JSON.stringify({ ref: CANARY, sku: 4711, qty: CANARY })

async function sendMalformed(): Promise<void> {
  const { broker } = running
  const quiet = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const link = await new RabbitMqBroker({ url: broker.urlFor('warehouse'), user: 'warehouse' }).open(
    `${broker.namespace}.allocation`,
    quiet,
  )
  const properties = {
    type: 'command:allocation.CreateBatch.v1',
    messageId: '01a1fdc4-b3e8-7000-839f-2ea7b37238a9',
    contentType: 'application/json',
  }
  const address = { exchange: 'x.cmd.warehouse', routingKey: 'cmd.CreateBatch' }
  await link.publish({ ...address, properties, body: Buffer.from(MALFORMED) }, 5_000)
  await link.close(2_000)
}
