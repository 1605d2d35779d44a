import type { ExternalBusHealth } from '@posthorn/core/transport'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { eventually } from '../support/eventually.ts'
import { connectionBlocked, connectionUnblocked } from '../support/scripted-broker.ts'
import { billing, shopSystem } from '../support/shop-system.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'

/* A whole bus, with a way to the broker that can be cut, blocked and frozen. */

const TIMES = process.env.POSTHORN_TEST_FULL === '1' ? 50 : 5

let system: ProvisionedSystem
let proxy: TcpProxy
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())
beforeEach(async () => {
  proxy = await tcpProxy(system.adminUrl)
})
afterEach(() => proxy[Symbol.asyncDispose]())

function shippingBus() {
  const bus = new RabbitMqExternalBus({
    system: shopSystem,
    domain: 'shipping',
    namespace: system.namespace,
    url: proxy.through(system.urlFor('shipping')),
    onError: () => undefined,
  })
  bus.registerEventHandlers(billing.events.Charged, async () => undefined)
  return bus
}

/** The state of the bus, and those of its links that are not as they should be, with the reason. */
function trouble({ state, links }: ExternalBusHealth): string {
  const bad = links.filter((link) => link.state !== 'up')
  return [state, ...bad.map((link) => `${link.domain} ${link.state}: ${link.reason}`)].join('; ')
}

describe('a bus', () => {
  test('C64 started and stopped again and again leaves nothing behind', async () => {
    const bus = shippingBus()
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    let before = 0
    for (let n = 0; n <= TIMES; n++) {
      await bus.start()
      expect(proxy.open()).toBe(3)
      await bus.stop()
      await eventually('no connection is left', () => proxy.open() === 0)
      if (n === 0) before = timers()
    }
    await eventually('no timer is left', () => timers() <= before)
  }, 60_000)

  test('C72 C73 says in each state what it is in, and why', async () => {
    const bus = shippingBus()
    expect(trouble(bus.health())).toBe('stopped')
    const starting = bus.start()
    expect(trouble(bus.health())).toBe('starting')
    await starting
    expect(trouble(bus.health())).toBe('up')

    proxy.inject(connectionBlocked('low on memory'))
    const blocked = 'degraded; shipping blocked: low on memory; billing blocked: low on memory'
    await eventually('it is blocked', () => trouble(bus.health()) === blocked)
    proxy.inject(connectionUnblocked())
    await eventually('it is up', () => trouble(bus.health()) === 'up')

    proxy.refuse(true)
    proxy.cut()
    const down = /^degraded; shipping down: .+; billing down: .+$/
    await eventually('it is down', () => down.test(trouble(bus.health())))
    expect(trouble(bus.health())).not.toMatch(/:\/\/|@/)
    proxy.refuse(false)
    await eventually('it is up', () => trouble(bus.health()) === 'up')

    const stopping = bus.stop()
    expect(trouble(bus.health())).toMatch(/^stopping/)
    await stopping
    expect(trouble(bus.health())).toBe('stopped')
  })

  test('C65 stopped while it connects to a broker that does not answer is stopped at its deadline', async () => {
    proxy.freeze(true)
    const bus = shippingBus()
    const start = performance.now()
    const starting = bus.start().catch(({ code }) => code)
    await eventually('it connects', () => proxy.attempts() === 1)
    expect(await bus.stop({ deadline: 300 })).toEqual([])
    expect(await starting).toBe('BusStopped')
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(bus.health().state).toBe('stopped')
  })

  test.each([
    ['blocked', () => proxy.inject(connectionBlocked('low on memory'))],
    ['frozen', () => proxy.freeze(true)],
  ])('C66 stopped while its broker is %s is stopped at its deadline', async (_what, disturb) => {
    const bus = shippingBus()
    await bus.start()
    disturb()
    const start = performance.now()
    expect(await bus.stop({ deadline: 300 })).toEqual([])
    // Consumers and links have a second each in any case.
    expect(performance.now() - start).toBeLessThan(300 + 2_000 + 500)
    expect(bus.health().state).toBe('stopped')
    proxy.freeze(false)
    await eventually('no connection is left', () => proxy.open() === 0)
  })
})

test('F12 an event whose subscriber’s queue has been deleted stays with its sender, until the queue is back', async () => {
  const { namespace, managementUrl, plan } = system
  const bus = new RabbitMqExternalBus({
    system: shopSystem,
    domain: 'billing',
    namespace,
    url: system.urlFor('billing'),
  })
  await bus.start()
  const publish = () => bus.publish(billing.events.Charged({ orderId: '1' }))
  await publish()
  await new ManagementApi(managementUrl).delete('queues', `${namespace}.billing`, 'shipping.q.events')
  await expect(publish()).rejects.toMatchObject({
    code: 'PublishFailed',
    outcome: 'not-executed',
    retryable: true,
  })
  await applyPlan(plan, { managementUrl, passwords: {} })
  await publish()
  await bus.stop()
})
