import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { Connection } from '../../src/connection.ts'
import type { Session } from '../../src/session.ts'
import { eventually } from '../support/eventually.ts'
import { openLink } from '../support/open-link.ts'
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

test('K8 a close ends a handshake that gets no answer, and nobody is connected afterwards', async () => {
  await using proxy = await tcpProxy(system.adminUrl)
  proxy.freeze(true)
  const connection = connectionVia(proxy, async () => undefined)
  const opened = connection.open().catch((error: unknown) => error)
  await eventually('it is connecting', () => proxy.attempts() === 1)
  const start = performance.now()
  await connection.close(1_000)
  expect(await opened).toMatchObject({ code: 'BrokerUnreachable' })
  expect(performance.now() - start).toBeLessThan(5_000)
  proxy.freeze(false)
  await eventually('no connection is left', () => proxy.open() === 0)
})

test('K8 a link that is closed while it connects to consume waits for no answer', async () => {
  await using proxy = await tcpProxy(system.adminUrl)
  const far = { namespace: system.namespace, urlFor: (user: string) => proxy.through(system.urlFor(user)) }
  await using shipping = await openLink(far, 'shipping', 'billing')
  proxy.freeze(true)
  const options = { prefetch: 1 }
  const consuming = shipping.link
    .consume('shipping.q.events', options, () => undefined)
    .catch((error: unknown) => error)
  await eventually('it is connecting', () => proxy.attempts() === 2)
  const start = performance.now()
  await shipping.link.close(200)
  expect(await consuming).toMatchObject({ code: 'BrokerUnreachable' })
  expect(performance.now() - start).toBeLessThan(5_000)
  proxy.freeze(false)
  await eventually('no connection is left', () => proxy.open() === 0)
})
