import { connect } from 'amqplib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { bury, clear, operatorOf, taken } from '../support/dead-letter-desk.ts'
import { shopSystem } from '../support/shop-system.ts'

/* Dead letters on which amqplib's decoder chokes. */

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
beforeEach(() => clear(system, 'billing'))
afterAll(() => system.dispose())

const DEEP = `${'{"a":'.repeat(6_000)}1${'}'.repeat(6_000)}`

async function poison(body: string, messageId: string | null): Promise<void> {
  const { protocol, host, username, password } = new URL(system.managementUrl)
  const id = messageId === null ? '' : `"message_id":"${messageId}",`
  const type = '"type":"command:billing.Charge.v1",'
  const response = await fetch(
    `${protocol}//${host}/api/exchanges/${system.namespace}.billing/x.dlx/publish`,
    {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: `{"properties":{${id}${type}"delivery_mode":2,"headers":${DEEP}},"routing_key":"q.commands.dead","payload":"${body}","payload_encoding":"string"}`,
    },
  )
  expect(await response.json()).toEqual({ routed: true })
}

async function chokesAmqplib(): Promise<boolean> {
  const url = new URL(system.adminUrl)
  url.pathname = `${system.namespace}.billing`
  const connection = await connect(url.href)
  const lost = new Promise<boolean>((resolve) => connection.on('error', () => resolve(true)))
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  const got = channel.get('q.commands.dead').then(
    () => false,
    () => true,
  )
  const choked = await Promise.race([lost, got])
  if (!choked) await connection.close()
  return choked
}

test('K2 poison that ends amqplib’s connection is listed, shown and purged, and what lies behind it replayed', async () => {
  const operator = operatorOf(shopSystem, system, 'billing')
  const id = crypto.randomUUID()
  await poison('poison', id)
  const [good = ''] = await bury(system, 'billing', ['"good"'])
  expect(await chokesAmqplib()).toBe(true)

  await expect.poll(async () => (await operator.list()).map((one) => one.id)).toEqual([id, good])
  const [letter] = await operator.list()
  expect(letter).toMatchObject({ type: 'command:billing.Charge.v1', caller: null, bytes: 6 })
  expect(Buffer.from((await operator.show('q.commands', id)).body).toString()).toBe('poison')
  await operator.replay('q.commands', good)
  expect((await taken(system, 'billing', 1))[0]?.body).toBe('"good"')
  await operator.purge('q.commands', id)
  expect(await operator.list()).toEqual([])
})

test('a letter without an id goes by what its body comes to', async () => {
  const operator = operatorOf(shopSystem, system, 'billing')
  await poison('nameless', null)
  const [letter] = await operator.list()
  expect(letter?.id).toMatch(/^sha256:[0-9a-f]{32}$/)
  expect(await operator.show('q.commands', String(letter?.id))).toMatchObject({ bytes: 8 })
  await expect(operator.replay('q.commands', String(letter?.id))).rejects.toMatchObject({
    code: 'NotReplayable',
  })
  await operator.purge('q.commands', String(letter?.id))
  expect(await operator.list()).toEqual([])
})
