import { defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { actor } from '../../../src/simulation/actor.ts'
import { SimulatedBroker } from '../../../src/simulation/simulated-broker.ts'
import type { SimulatedLink } from '../../../src/simulation/simulated-link.ts'
import { evenScheduler, settled } from './virtual-network.ts'

const source = defineDomain('source', { commands: {}, events: { Told: event(z.object({})) } })
const plan = planSystem(
  defineSystem({ domains: [source], clients: { ear: { subscribes: [source.events.Told] } } }),
)
const QUEUE = 'ear.q.events'
const told = {
  exchange: 'x.events',
  routingKey: 'evt.Told',
  body: Buffer.from('{}'),
  properties: { type: 'event:source.Told.v1', messageId: 'm', persistent: true },
}

async function world() {
  const scheduler = evenScheduler()
  const broker = new SimulatedBroker(plan, scheduler, () => undefined)
  const open = async (user: string) => {
    const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
    const link = broker.connect(user, actor(user)).open('source', events)
    // It is what the simulated broker opens.
    return (await settled(scheduler, link)) as SimulatedLink
  }
  return { scheduler, broker, source: await open('source'), ear: await open('ear') }
}

const at = (ms: number) => ({ process: ms, broker: ms })

test('a frame goes there, is confirmed and delivered, each in its time', async () => {
  const { scheduler, source, ear } = await world()
  const got: string[] = []
  await settled(
    scheduler,
    ear.consume(QUEUE, { prefetch: 1 }, (incoming) => {
      got.push(String(incoming.frame.properties.messageId))
      incoming.ack()
    }),
  )
  const before = scheduler.now

  expect(await settled(scheduler, source.publish(told, 1_000))).toBeUndefined()
  expect(got).toEqual(['m'])
  expect(scheduler.now - before).toBeGreaterThanOrEqual(2_000)
})

test.each<[string, (link: SimulatedLink) => Promise<unknown>]>([
  ['publish', (link) => link.publish(told, 60_000)],
  ['check', (link) => link.check(['x.events'], [])],
  ['consume', (link) => link.consume('q.commands', { prefetch: 1 }, () => undefined)],
])('the answer to %s is lost with the connection, and then there is another one', async (_what, ask) => {
  const { scheduler, source } = await world()

  source.lose('in', at(50), 10)
  expect(source.isWhole).toBe(false)
  expect(await settled(scheduler, ask(source))).toBe('ConnectionLost')
  expect(source.isWhole).toBe(true)
  expect(await settled(scheduler, source.check(['x.events'], []))).toBeUndefined()
})

test('a consumer whose cancelling the broker has not heard of is not there after a reconnect', async () => {
  const { scheduler, source, ear } = await world()
  let got = 0
  const consuming = ear.consume(QUEUE, { prefetch: 1 }, () => {
    got += 1
  })
  const consumer = (await settled(scheduler, consuming)) as Awaited<typeof consuming>

  ear.lose('out', at(20), 10)
  await settled(scheduler, consumer.cancel())
  await settled(scheduler, source.publish(told, 1_000))

  expect(got).toBe(0)
})

test('what a process holds that crashes while it closes its link goes back to the queue', async () => {
  const { scheduler, broker, source, ear } = await world()
  await settled(
    scheduler,
    ear.consume(QUEUE, { prefetch: 1 }, () => undefined),
  )
  await settled(scheduler, source.publish(told, 1_000))
  expect(broker.inner.queueDepth('source', QUEUE)).toBe(0)

  // It waits for an answer that nobody will hear.
  void ear.check([], [QUEUE])
  void ear.close(5_000)
  broker.reset(ear.process)
  ear.process.alive = false
  await settled(scheduler, source.check(['x.events'], []))

  expect(broker.inner.queueDepth('source', QUEUE)).toBe(1)
})

test('a broker that ends loses only what it has not confirmed', async () => {
  const { scheduler, broker, source } = await world()
  const random = {
    next: () => 0,
    int: (min: number) => min,
    chance: () => true,
    pick: <T>([one]: readonly T[]) => one as T,
  }
  await settled(scheduler, source.publish(told, 1_000))
  const happened: string[] = []

  broker.restart({ ...random, int: (_min, max) => max }, 50, (what) => happened.push(what))
  const second = { ...told, properties: { ...told.properties, messageId: 'n' } }
  expect(await settled(scheduler, source.publish(second, 60_000))).toBe('ConnectionLost')

  expect(happened).toEqual(['the broker is away for 50 ms; of 1 unconfirmed it loses 1'])
  expect(broker.inner.queueDepth('source', QUEUE)).toBe(1)
})
