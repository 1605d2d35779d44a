import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { Connection } from '../../src/connection.ts'
import type { Session } from '../../src/session.ts'
import { eventually } from '../support/eventually.ts'
import { shopSystem } from '../support/shop-system.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())

function connectionVia(proxy: TcpProxy, onSession: (session: Session) => Promise<void>): Connection {
  const endpoint = parseAmqpUrl(proxy.through(system.urlFor('billing')), 'billing')
  return new Connection(
    { endpoint, vhost: `${system.namespace}.billing`, name: 'test', tls: undefined },
    { onSession, onLost: () => undefined, onBlocked: () => undefined, onState: () => undefined },
  )
}

test('a session lost while it was set up is replaced once, however late its set-up fails', async () => {
  await using proxy = await tcpProxy(system.adminUrl)
  let sessions = 0
  let failed = false
  const connection = connectionVia(proxy, async (session) => {
    sessions += 1
    if (sessions !== 2) return
    proxy.freeze(true)
    session.destroy('lost')
    await eventually('the next attempt is under way', () => proxy.attempts() === 3)
    failed = true
    throw new Error('too late')
  })
  await connection.open()
  proxy.cut()
  await eventually('the set-up has failed', () => failed)
  await expect(eventually('a fourth attempt', () => proxy.attempts() > 3, 600)).rejects.toThrow('in vain')
  proxy.freeze(false)
  await eventually('it is up', () => connection.state === 'up')
  expect(sessions).toBe(3)
  await connection.close(1_000)
  await eventually('no connection is left', () => proxy.open() === 0)
})

test('a session that could not be set up is closed, and replaced once', async () => {
  await using proxy = await tcpProxy(system.adminUrl)
  let sessions = 0
  const connection = connectionVia(proxy, async () => {
    sessions += 1
    if (sessions === 2) throw new Error('not this time')
  })
  await connection.open()
  proxy.cut()
  await eventually('it is up again', () => connection.state === 'up' && sessions === 3)
  await expect(eventually('a fourth', () => sessions > 3, 600)).rejects.toThrow('in vain')
  expect(proxy.open()).toBe(1)
  await connection.close(1_000)
  await eventually('no connection is left', () => proxy.open() === 0)
})
