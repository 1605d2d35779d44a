import assert from 'node:assert/strict'
import type { BrokerPromises } from '../../external-bus/broker.ts'
import type { Delivery } from '../../external-bus/external-bus.ts'
import { MAX_BODY } from '../../external-bus/wire-format.ts'
import type { Event } from '../../messages/message.ts'
import { eventually, gate } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { bought } from './raw-frames.ts'
import { shop } from './shop-system.ts'

/** Events, from one domain to those that subscribe to them. */
export function publishAndSubscribe(test: WorldTest, promises: BrokerPromises): void {
  test('C1 C59 RMQ-01 RMQ-09 an event reaches its subscriber as it was made, with its sender', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const received: [Event, Delivery][] = []
    subscriber.registerEventHandlers(shop.events.Bought, async (...delivered) => received.push(delivered))
    await Promise.all([publisher.start(), subscriber.start()])
    const cause = {
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      correlationId: '01890a5d-ac96-774b-bcce-b302099a8000',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }
    const event = shop.events.Bought({ sku: 'ŁÁMP 灯 "\\', qty: 3 }, cause)

    await publisher.publish(event)

    const [message, delivery] = await eventually(() => {
      assert.equal(received.length, 1)
      return received[0] as [Event, Delivery]
    })
    assert.deepEqual(message, event)
    assert.equal(delivery.caller, 'shop')
    assert.equal(delivery.attempt, 1)
    assert.equal(delivery.redelivered, false)
    assert.match(delivery.fingerprint, /^[0-9a-f]{64}$/)
  })

  test('C2 every subscriber gets every event', async (world) => {
    const [publisher, mail, web] = [world.bus('shop'), world.bus('mail'), world.bus('web')]
    const skus: Record<string, string[]> = { mail: [], web: [] }
    mail.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.mail?.push(payload.sku))
    web.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.web?.push(payload.sku))
    await Promise.all([publisher.start(), mail.start(), web.start()])
    for (const sku of ['A', 'B', 'C']) await publisher.publish(bought(sku))
    await eventually(() => {
      assert.deepEqual([...(skus.mail ?? [])].sort(), ['A', 'B', 'C'])
      assert.deepEqual([...(skus.web ?? [])].sort(), ['A', 'B', 'C'])
    })
  })

  test('C3 several instances of a subscriber share its events', async (world) => {
    const publisher = world.bus('shop')
    const both = gate()
    const handled: string[][] = [[], []]
    const instances = handled.map((skus) => {
      const bus = world.bus('mail', { prefetch: 1 })
      bus.registerEventHandlers(shop.events.Bought, async ({ payload }) => {
        skus.push(payload.sku)
        if (handled.every(({ length }) => length > 0)) both.open()
        await both.opened
      })
      return bus
    })
    await Promise.all([publisher, ...instances].map((bus) => bus.start()))
    const skus = Array.from({ length: 20 }, (_, index) => `SKU-${index}`)
    await Promise.all(skus.map((sku) => publisher.publish(bought(sku))))
    await eventually(() => assert.deepEqual([...handled.flat()].sort(), [...skus].sort()))
  })

  test('C7 an event published while its subscriber is away is kept for it', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    await publisher.start()
    await publisher.publish(bought('KEPT'))
    await subscriber.start()
    await eventually(() => assert.deepEqual(skus, ['KEPT']))
  })

  test('C6 EXB-03 each event goes to the handlers of its own kind, to all of them', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const calls: string[] = []
    subscriber.registerEventHandlers(
      shop.events.Bought,
      async () => calls.push('first'),
      async () => calls.push('second'),
    )
    subscriber.registerEventHandlers(shop.events.Restocked, async () => calls.push('restocked'))
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought())
    await publisher.publish(shop.events.Restocked({ sku: 'LAMP' }))
    await eventually(() => assert.deepEqual([...calls].sort(), ['first', 'restocked', 'second']))
  })

  test('C8 an event that nobody subscribes to is published without complaint', async (world) => {
    const publisher = world.bus('shop')
    await publisher.start()
    await publisher.publish(shop.events.Noticed({ note: 'alone' }))
  })

  test('C1 many events published at once are each handled once, and as they were made', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const received: Event[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async (event) => received.push(event))
    await Promise.all([publisher.start(), subscriber.start()])
    const events = Array.from({ length: 300 }, (_, qty) => bought(`SKU-${qty}`, qty))
    await Promise.all(events.map((event) => publisher.publish(event)))
    await eventually(() => assert.equal(received.length, events.length))
    const byId = (one: Event, other: Event) => (one.id < other.id ? -1 : 1)
    assert.deepEqual(received.sort(byId), events.sort(byId))
  })

  test('C9 a payload may be any text: empty, control characters, half of a pair, what looks like JSON', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    await Promise.all([publisher.start(), subscriber.start()])
    const texts = ['', '\0\x01\x1f\x7f', '\ufeff', '\ud800', '🛋️ e\u0301 \u202e', '"}],{"\\', '\r\n\u2028']
    for (const text of texts) await publisher.publish(bought(text))
    await eventually(() => assert.deepEqual([...skus].sort(), [...texts].sort()))
  })

  test('C9 B10 a body as long as the limit arrives, one of a byte more is refused before it is sent', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const lengths: number[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) =>
      lengths.push(payload.sku.length),
    )
    await Promise.all([publisher.start(), subscriber.start()])
    const room = MAX_BODY - JSON.stringify(bought('').payload).length
    await publisher.publish(bought('x'.repeat(room - 1)))
    await publisher.publish(bought('x'.repeat(room)))
    for (const length of [room + 1, 16 * MAX_BODY]) {
      await assert.rejects(publisher.publish(bought('x'.repeat(length))), {
        code: 'MessageTooLarge',
        outcome: 'not-executed',
      })
    }
    await eventually(() => assert.deepEqual([...lengths].sort(), [room - 1, room]))
  })

  if (!promises.ordered) return

  test(
    'C12 K12 F33 an ordered subscriber handles events in the order in which they were published, also when handling fails',
    async (world) => {
      const [publisher, subscriber] = [
        world.bus('shop'),
        world.bus('mail', { ordered: true, onError: () => {} }),
      ]
      const order: number[] = []
      const failed = new Set<number>()
      subscriber.registerEventHandlers(shop.events.Bought, async ({ payload: { qty } }) => {
        if (qty % 10 === 3 && !failed.has(qty)) {
          failed.add(qty)
          throw new Error('not yet')
        }
        order.push(qty)
      })
      await Promise.all([publisher.start(), subscriber.start()])
      for (let qty = 0; qty < 60; qty++) await publisher.publish(bought('LAMP', qty))
      await eventually(() => assert.equal(order.length, 60))
      assert.deepEqual(
        order,
        [...order].sort((one, other) => one - other),
      )
      assert.equal(failed.size, 6)
    },
    { ordered: ['mail'] },
  )
}
