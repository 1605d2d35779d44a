import { describe, expect, test } from 'vitest'
import { settle } from '../manual-clock.ts'
import { allocation } from './allocation-system.ts'
import { openWorld } from './world.ts'

const { OutOfStock } = allocation.events
const order = { orderId: 'o', sku: 's', qty: 1 }
const events = 'notifications.q.events'

describe('an ordered subscriber', () => {
  test('F33 parks what fails for a minute, and goes on with the next', async () => {
    const { clock, broker, bus, failures } = openWorld({ ordered: ['notifications'] })
    const [publisher, subscriber] = [bus('allocation'), bus('notifications', { ordered: true })]
    const handled: string[] = []
    subscriber.registerEventHandlers(OutOfStock, async ({ payload }) => {
      if (payload.sku === 'bad') throw new Error('always')
      handled.push(payload.sku)
    })
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(OutOfStock({ ...order, sku: 'bad' }))
    await publisher.publish(OutOfStock({ ...order, sku: 'good' }))
    await clock.advance(50_000)
    expect(handled).toEqual([])
    await clock.advance(10_000)
    expect(handled).toEqual(['good'])
    expect(broker.deadLetters('allocation', events)).toHaveLength(1)
    expect(failures).toMatchObject([{ reason: 'attempts-exhausted', action: 'dead-letter' }])
  })

  test('gives each try a limit of its own: one that was too slow does not spoil the next', async () => {
    const { clock, bus, failures } = openWorld({ ordered: ['notifications'] })
    const subscriber = bus('notifications', { ordered: true, handlerTimeout: 1_000 })
    const publisher = bus('allocation')
    const tries: boolean[] = []
    subscriber.registerEventHandlers(OutOfStock, async (_event, { signal }) => {
      tries.push(signal.aborted)
      if (tries.length === 1) await new Promise(() => {})
    })
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(OutOfStock(order))
    await clock.advance(2_000)
    expect(tries).toEqual([false, false])
    expect(failures).toEqual([])
  })

  test('keeps the order also when what it gives up cannot be buried', async () => {
    const { clock, broker, bus, failures } = openWorld({
      ordered: ['notifications'],
      limits: { deadBytes: 1 },
    })
    const [publisher, subscriber] = [bus('allocation'), bus('notifications', { ordered: true })]
    await broker.inject('notifications', 'allocation', {
      exchange: 'notifications.x.dlx',
      routingKey: `${events}.dead`,
      body: Buffer.from('full'),
      properties: {},
    })
    const handled: string[] = []
    let broken = true
    subscriber.registerEventHandlers(OutOfStock, async ({ payload }) => {
      if (broken) throw new Error('not yet')
      handled.push(payload.sku)
    })
    await Promise.all([publisher.start(), subscriber.start()])
    for (const sku of ['first', 'second', 'third']) await publisher.publish(OutOfStock({ ...order, sku }))
    await clock.advance(121_000)
    expect(failures).toMatchObject([{ reason: 'attempts-exhausted', action: 'requeue' }])
    broken = false
    await clock.advance(10_000)
    expect(handled).toEqual(['first', 'second', 'third'])
  })

  test('hands back what it still tries when it stops', async () => {
    const { clock, broker, bus, failures } = openWorld({ ordered: ['notifications'] })
    const [publisher, subscriber] = [bus('allocation'), bus('notifications', { ordered: true })]
    subscriber.registerEventHandlers(OutOfStock, async () => {
      throw new Error('always')
    })
    await Promise.all([publisher.start(), subscriber.start()])
    const event = OutOfStock(order)
    await publisher.publish(event)
    await clock.advance(1_000)
    expect(await subscriber.stop()).toEqual([`event:allocation.OutOfStock.v1 ${event.id}`])
    await settle()
    expect(broker.queueDepth('allocation', events)).toBe(1)
    expect(failures).toEqual([])
  })
})
