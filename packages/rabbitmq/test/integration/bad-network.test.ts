import type { Incoming } from '@posthorn/core/transport'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTcpProxy } from '../../../../tooling/faults/tcp-proxy.ts'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'

/* A network that cuts, crumbles, delays and resets. */

const FULL = process.env.POSTHORN_TEST_FULL === '1'
const WORK = 'shipping.q.events'

type Way = Pick<ProvisionedSystem, 'namespace' | 'urlFor'>

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())

/** To the same system, but over this network. */
function over(network: Pick<TcpProxy, 'through'>): Way {
  return { namespace: system.namespace, urlFor: (user) => network.through(system.urlFor(user)) }
}

/** A network with the weather of the fault machine. */
async function weatherBeaten() {
  const proxy = await startTcpProxy(Number(new URL(system.adminUrl).port))
  const through = (url: string) => Object.assign(new URL(url), { port: proxy.port }).href
  return { proxy, far: over({ through }), [Symbol.asyncDispose]: () => proxy.stop() }
}

const charged = (body: string) => frame('x.events', 'evt.Charged', body)

const AT_ONCE = 1_000

/** Sends messages there and back; each is confirmed and comes, and no connection is lost. */
async function exchange(far: Way, messages: number, deadline: number): Promise<void> {
  await using billing = await openLink(far, 'billing', 'billing')
  await using shipping = await openLink(far, 'shipping', 'billing')
  const received = new Set<string>()
  await shipping.link.consume(WORK, { prefetch: 5 }, (incoming: Incoming) => {
    received.add(textOf(incoming))
    incoming.ack()
  })
  const bodies = Array.from({ length: messages }, () => crypto.randomUUID())
  for (let at = 0; at < messages; at += AT_ONCE) {
    const some = bodies.slice(at, at + AT_ONCE)
    await Promise.all(some.map((body) => billing.link.publish(charged(body), deadline)))
  }
  await eventually('all have come', () => bodies.every((body) => received.has(body)), deadline)
  for (const { states } of [billing, shipping]) {
    expect(states.filter(({ state }) => state === 'down')).toEqual([])
  }
}

describe('connections that are cut', () => {
  test('F8 after any number of bytes, in the handshake or in a frame, are refused in good order or made anew', async () => {
    await using network = await weatherBeaten()
    const { proxy, far } = network
    const ends = new Set<string>()
    for (let after = 0; after <= 4_096; after += FULL ? 7 : 150) {
      proxy.set({ kind: 'cut', after })
      const end = await openLink(far, 'billing', 'billing').then(
        async ({ link }) => {
          await link.publish(charged('cut'), 100).catch(() => undefined)
          await link.close(200)
          return 'open'
        },
        ({ code, retryable }) => `${code} ${retryable}`,
      )
      ends.add(end)
    }
    expect([...ends].sort()).toEqual(['BrokerUnreachable true', 'open'])
    proxy.set({ kind: 'fair' })
    await using billing = await openLink(far, 'billing', 'billing')
    await billing.link.publish(charged('at last'), 5_000)
    await eventually('no other connection is left', () => proxy.connections === 1)
  }, 120_000)

  test('F7 in a storm of resets it does not hammer the broker, leaks nothing, and goes on afterwards', async () => {
    const storm = FULL ? 60_000 : 2_000
    await using network = await tcpProxy(system.adminUrl)
    await using billing = await openLink(over(network), 'billing', 'billing')
    await billing.link.publish(charged('before'), 5_000)
    const resources = () => process.getActiveResourcesInfo().length
    const before = resources()
    const end = performance.now() + storm
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, (Math.random() * storm) / 30))
      network.cut()
    }
    const attempts = network.attempts()
    expect(attempts).toBeGreaterThan(2)
    // Ten seconds in which it hurries, and from then on thirty in a minute.
    expect(attempts).toBeLessThanOrEqual(30 + (storm / 60_000) * 30)
    await billing.link.publish(charged('after'), 30_000)
    await eventually('it is up', () => billing.link.state === 'up')
    await eventually('sockets and timers are as before', () => resources() <= before)
  }, 120_000)
})

test('F6 where only confirms are lost the outcome is unknown, and the same message again comes with the same id', async () => {
  await using network = await weatherBeaten()
  await using billing = await openLink(network.far, 'billing', 'billing')
  await using shipping = await openLink(system, 'shipping', 'billing')
  const ids: (string | undefined)[] = []
  await shipping.link.consume(WORK, { prefetch: 5 }, (incoming) => {
    ids.push(incoming.frame.properties.messageId)
    incoming.ack()
  })
  await billing.link.publish(charged('before'), 5_000)
  const message = charged('perhaps')
  const { messageId } = message.properties
  network.proxy.set({ kind: 'held', direction: 'in' })
  await expect(billing.link.publish(message, 300)).rejects.toMatchObject({
    code: 'PublishTimeout',
    outcome: 'unknown',
    retryable: true,
  })
  await eventually('it came nevertheless', () => ids.includes(messageId))
  network.proxy.set({ kind: 'fair' })
  await billing.link.publish(message, 5_000)
  await eventually('it comes again', () => ids.filter((id) => id === messageId).length === 2)
})

describe('what is sent over a poor network arrives, only later', () => {
  test('F9 in pieces of one byte', async () => {
    await using network = await tcpProxy(system.adminUrl)
    network.slice(true)
    await exchange(over(network), 20, 20_000)
  })

  test('F9 late, and no slowness is taken for a loss', async () => {
    await using network = await weatherBeaten()
    network.proxy.set({ kind: 'slow', delay: FULL ? 200 : 50 })
    const end = performance.now() + (FULL ? 40_000 : 0)
    do await exchange(network.far, 20, 20_000)
    while (performance.now() < end)
  }, 120_000)

  test('F39 with one piece in five late as if it had been lost and sent again', async () => {
    await using network = await weatherBeaten()
    let passing = true
    const weather = async () => {
      while (passing) {
        network.proxy.set(Math.random() < 0.2 ? { kind: 'slow', delay: 200 } : { kind: 'fair' })
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const changing = weather()
    await exchange(network.far, FULL ? 5_000 : 200, 60_000)
    passing = false
    await changing
  }, 120_000)
})
