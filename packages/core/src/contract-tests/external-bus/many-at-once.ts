import assert from 'node:assert/strict'
import { command, event } from '../../messages/declare.ts'
import { defineDomain } from '../../messages/define-domain.ts'
import { defineSystem } from '../../messages/define-system.ts'
import { eventually } from './eventually.ts'
import { type ExternalBusHarness, type TestFunction, worldTest } from './harness.ts'
import { bought } from './raw-frames.ts'
import { shop, shopSystem } from './shop-system.ts'
import { integer, object } from './toy-schema.ts'

const TOPICS = 20
const numbered = object({ n: integer })

/** Publishes many kinds of events. */
const press = defineDomain('press', {
  commands: { Print: command({ input: numbered }) },
  events: Object.fromEntries(Array.from({ length: TOPICS }, (_, n) => [`Topic${n}`, event(numbered)])),
})
const topics = Object.values(press.events)
const pressSystem = defineSystem({ domains: [press], clients: { reader: { subscribes: topics } } })

/** In ms: what is many takes its time. */
const PATIENCE = 60_000

/** Many messages, consumers, kinds and keys at once: nothing is lost, doubled, mixed up or overtaken. */
export function manyAtOnce(test: TestFunction, harness: ExternalBusHarness): void {
  const inShop = worldTest(test, harness, shopSystem)
  const inPress = worldTest(test, harness, pressSystem)
  const many = (all: number, atLeast = 1) => Math.max(atLeast, Math.ceil(all * (harness.scale ?? 1)))

  inShop(
    'C4 many instances of a subscriber share thousands of events, each of which is handled once',
    async (world) => {
      const publisher = world.bus('shop')
      const seen = new Map<string, number>()
      const instances = Array.from({ length: many(50, 5) }, () => {
        const bus = world.bus('mail')
        bus.registerEventHandlers(shop.events.Bought, async ({ id }) => seen.set(id, (seen.get(id) ?? 0) + 1))
        return bus
      })
      await Promise.all([publisher, ...instances].map((bus) => bus.start()))
      const lanes = 50
      const publishLane = async () => {
        for (let n = 0; n < many(5_000, 500) / lanes; n++) await publisher.publish(bought())
      }
      await Promise.all(Array.from({ length: lanes }, publishLane))
      await eventually(() => assert.equal(seen.size, many(5_000, 500)), PATIENCE)
      assert.deepEqual(new Set(seen.values()), new Set([1]))
    },
  )

  inPress(
    'C5 events of twenty kinds at once each reach the handlers of their own kind, all of them',
    async (world) => {
      const [publisher, reader] = [world.bus('press'), world.bus('reader')]
      const length = many(100)
      const read = new Map(topics.map(({ type }) => [type, [] as number[]]))
      for (const topic of topics) {
        reader.registerEventHandlers(topic, async ({ type, payload }) => {
          assert.equal(type, topic.type)
          read.get(topic.type)?.push(payload.n)
        })
      }
      await Promise.all([publisher.start(), reader.start()])
      const all = Array.from({ length }, (_, n) => n)
      const publishTopic = async (topic: (typeof topics)[number]) => {
        for (const n of all) await publisher.publish(topic({ n }))
      }
      await Promise.all(topics.map(publishTopic))
      await eventually(() => {
        for (const [type, numbers] of read)
          assert.deepEqual(
            [...numbers].sort((a, b) => a - b),
            all,
            type,
          )
      }, PATIENCE)
    },
  )

  inShop('C41 RMQ-03 many calls at once each get their own answer', async (world) => {
    const [service, web] = [world.bus('shop'), world.bus('web')]
    service.registerCommandHandler(shop.commands.Buy, async ({ payload: { sku, qty } }) => {
      await new Promise((resolve) => setTimeout(resolve, qty % 7))
      return { order: sku }
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    const skus = Array.from({ length: many(1_000, 200) }, (_, n) => `SKU-${n}`)
    const answers = await Promise.all(skus.map((sku, qty) => web.call(shop.commands.Buy({ sku, qty }))))
    assert.deepEqual(
      answers.map(({ order }) => order),
      skus,
    )
    assert.equal(web.health().pendingCalls, 0)
    assert.equal(web.health().droppedReplies, 0)
  })

  if (!harness.promises.ordered) return

  inShop(
    'C11 the events of each of sixteen keys reach an ordered subscriber in the order in which they were published',
    async (world) => {
      const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { ordered: true })]
      const keys = Array.from({ length: 16 }, (_, n) => `KEY-${n}`)
      const handled = new Map(keys.map((key) => [key, [] as number[]]))
      let count = 0
      subscriber.registerEventHandlers(shop.events.Bought, async ({ payload: { sku, qty } }) => {
        handled.get(sku)?.push(qty)
        count += 1
      })
      await Promise.all([publisher.start(), subscriber.start()])
      const order = Array.from({ length: many(250, 25) }, (_, n) => n)
      const publishKey = async (key: string) => {
        for (const n of order) await publisher.publish(bought(key, n))
      }
      await Promise.all(keys.map(publishKey))
      await eventually(() => assert.equal(count, keys.length * order.length), PATIENCE)
      assert.deepEqual(handled, new Map(keys.map((key) => [key, order])))
    },
    { ordered: ['mail'] },
  )
}
