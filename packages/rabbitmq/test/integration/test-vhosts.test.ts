import { afterEach, describe, expect, test } from 'vitest'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { type TestVhosts, testVhosts } from '../../src/testing/test-vhosts.ts'
import { eventually } from '../support/eventually.ts'
import { billing, shopSystem, soloSystem } from '../support/shop-system.ts'

const environment = (name: string) => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set; npm test sets it`)
  return value
}
const managementUrl = environment('POSTHORN_TEST_MANAGEMENT_URL')
const servers = { amqpUrl: environment('POSTHORN_TEST_AMQP_URL'), managementUrl }
const api = new ManagementApi(managementUrl)

const made: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of made.splice(0).reverse()) await one[Symbol.asyncDispose]()
})
const vhosts = async (): Promise<TestVhosts> => {
  const fresh = await testVhosts(shopSystem, servers)
  made.push(fresh)
  return fresh
}
function bus<const D extends string>(domain: D, { urlFor, namespace }: TestVhosts) {
  const opened = new RabbitMqExternalBus({ domain, system: shopSystem, url: urlFor(domain), namespace })
  made.push({ [Symbol.asyncDispose]: async () => void (await opened.stop()) })
  return opened
}
const namesOf = async () => (await api.get<{ name: string }[]>('vhosts')).map(({ name }) => name)

describe('vhosts for tests on a broker', () => {
  test('carry a system as its contracts allow it, and two of them never meet', async () => {
    const both = [await vhosts(), await vhosts()]
    const heard: string[][] = [[], []]
    for (const [i, one] of both.entries()) {
      const shipping = bus('shipping', one)
      shipping.registerEventHandlers(billing.events.Charged, async ({ payload }) =>
        heard[i]?.push(payload.orderId),
      )
      await shipping.start()
    }
    const [first, second] = both.map((one) => bus('billing', one))
    await first?.start()
    await second?.start()
    await first?.publish(billing.events.Charged({ orderId: 'one' }))
    await second?.publish(billing.events.Charged({ orderId: 'two' }))
    await eventually('both are heard', () => heard.every((list) => list.length > 0))
    expect(heard).toEqual([['one'], ['two']])

    const shop = bus('shop', both[0] as TestVhosts)
    shop.registerDomains('billing')
    await shop.start()
    // @ts-expect-error nobody may have billing refund
    await expect(shop.call(billing.commands.Refund({ orderId: 'one' }))).rejects.toMatchObject({
      code: 'Unroutable',
    })
  })

  test('are gone once they are dropped, as often as one likes, and their users stay', async () => {
    const one = await vhosts()
    const own = one.plan.vhosts.map(({ name }) => name)
    expect(await namesOf()).toEqual(expect.arrayContaining(own))
    await one.drop()
    await one.drop()
    expect((await namesOf()).filter((name) => own.includes(name))).toEqual([])
    await expect(api.get('users', 'billing')).resolves.toMatchObject({ name: 'billing', tags: [] })
  })

  test('are not made where a user has a password of somebody else’s', async () => {
    const { name, system } = soloSystem()
    await api.put({ password: 'their own', tags: '' }, 'users', name)
    try {
      await expect(testVhosts(system, servers)).rejects.toMatchObject({ code: 'InvalidConfiguration' })
      expect((await namesOf()).filter((vhost) => vhost.endsWith(`.${name}`))).toEqual([])
    } finally {
      await api.delete('users', name)
    }
  })
})
