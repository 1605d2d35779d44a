import { describe, expect, test } from 'vitest'
import type { Broker, BrokerLink } from '../../../src/external-bus/broker.ts'
import { createExternalBus } from '../../../src/external-bus/connected-external-bus.ts'
import type { Delivery } from '../../../src/external-bus/external-bus.ts'
import { settle } from '../manual-clock.ts'
import { allocation, system } from './allocation-system.ts'
import { openWorld } from './world.ts'

const { Allocate, Forget } = allocation.commands
const { OutOfStock } = allocation.events
const order = { orderId: 'o', sku: 's', qty: 1 }

/** A handler that ends only when it is told to, as one whose unit of work is aborted. */
function untilTold(_message: unknown, { signal }: Delivery): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted', { cause: signal.reason })))
  })
}

describe('what a stop breaks off goes back uncounted and is named as abandoned', () => {
  test('an event, though it had no attempt left', async () => {
    const { clock, broker, bus, failures } = openWorld()
    const [publisher, subscriber] = [bus('allocation'), bus('notifications', { attempts: 1 })]
    subscriber.registerEventHandlers(OutOfStock, untilTold)
    await Promise.all([publisher.start(), subscriber.start()])
    const event = OutOfStock(order)
    await publisher.publish(event)
    await settle()
    const stop = subscriber.stop({ deadline: 1_000 })
    await clock.advance(1_000)
    expect(await stop).toEqual([`event:allocation.OutOfStock.v1 ${event.id}`])
    expect(broker.deadLetters('allocation', 'notifications.q.events')).toEqual([])
    expect(broker.queueDepth('allocation', 'notifications.q.events')).toBe(1)
    expect(failures).toEqual([])
  })

  test('a command that was sent', async () => {
    const { clock, broker, bus, failures } = openWorld()
    const [service, storefront] = [bus('allocation', { attempts: 1 }), bus('storefront')]
    service.registerCommandHandler(Forget, untilTold)
    storefront.registerDomains('allocation')
    await Promise.all([service.start(), storefront.start()])
    const command = Forget({ orderId: 'o' })
    await storefront.send(command)
    await settle()
    const stop = service.stop({ deadline: 1_000 })
    await clock.advance(1_000)
    expect(await stop).toEqual([`command:allocation.Forget.v1 ${command.id}`])
    expect(broker.deadLetters('allocation', 'q.commands')).toEqual([])
    expect(broker.queueDepth('allocation', 'q.commands')).toBe(1)
    expect(failures).toEqual([])
  })

  test('a call, which another instance then answers', async () => {
    const { clock, bus, failures } = openWorld()
    const [service, other, storefront] = [bus('allocation'), bus('allocation'), bus('storefront')]
    service.registerCommandHandler(Allocate, untilTold)
    other.registerCommandHandler(Allocate, async () => ({ status: 'allocated' as const, batchRef: 'b' }))
    storefront.registerDomains('allocation')
    await Promise.all([service.start(), storefront.start()])
    const command = Allocate(order)
    const call = storefront.call(command)
    await settle()
    await other.start()
    const stop = service.stop({ deadline: 1_000 })
    await clock.advance(1_000)
    expect(await stop).toEqual([`command:allocation.Allocate.v1 ${command.id}`])
    expect(await call).toEqual({ status: 'allocated', batchRef: 'b' })
    expect(failures).toEqual([])
  })
})

test('what fails by itself while the bus stops is tried again later', async () => {
  const { clock, bus, failures } = openWorld()
  const [publisher, subscriber] = [bus('allocation'), bus('notifications')]
  subscriber.registerEventHandlers(OutOfStock, async () => {
    await new Promise<void>((resolve) => clock.after(100, resolve))
    throw new Error('broken')
  })
  await Promise.all([publisher.start(), subscriber.start()])
  await publisher.publish(OutOfStock(order))
  await settle()
  const stop = subscriber.stop({ deadline: 1_000 })
  await clock.advance(100)
  expect(await stop).toEqual([])
  expect(failures).toMatchObject([{ reason: 'handler-failed', action: 'retry' }])
})

describe('starts and stops', () => {
  test('happen in the order in which they were asked for', async () => {
    const { bus } = openWorld()
    const service = bus('allocation')
    await service.start()
    await Promise.all([service.stop(), service.start(), service.stop()])
    expect(service.health().state).toBe('stopped')
    await Promise.all([service.start(), service.stop(), service.start()])
    expect(service.health().state).toBe('up')
  })

  test('C65 do not wait for a start that hangs, and what it still brings about is undone', async () => {
    const { clock, broker } = openWorld()
    const connected = broker.connect('allocation')
    const pending: (() => void)[] = []
    const links: BrokerLink[] = []
    const hanging: Broker = {
      ...connected,
      open: async (vhost, events) => {
        if (links.length === 0) await new Promise<void>((resolve) => pending.push(resolve))
        const link = await connected.open(vhost, events)
        links.push(link)
        return link
      },
    }
    const service = createExternalBus({ domain: 'allocation', system, clock, broker: hanging })
    const starts = [service.start(), service.start()].map((start) => start.catch((error: unknown) => error))
    await settle()
    const stop = service.stop({ deadline: 1_000 })
    await clock.advance(1_000)
    expect(await stop).toEqual([])
    expect(await Promise.all(starts)).toMatchObject([{ code: 'BusStopped' }, { code: 'BusStopped' }])
    expect(service.health().state).toBe('stopped')

    for (const connect of pending) connect()
    await settle()
    expect(links.map(({ state }) => state)).toEqual(['down'])
    await service.start()
    expect(service.health().state).toBe('up')
  })

  test('leave no consumer behind of a start that was given up', async () => {
    const { clock, broker } = openWorld()
    const connected = broker.connect('allocation')
    const pending: (() => void)[] = []
    const queues: string[] = []
    const hanging: Broker = {
      ...connected,
      open: async (vhost, events) => {
        const link = await connected.open(vhost, events)
        const { consume } = link
        link.consume = async (queue, ...rest) => {
          queues.push(queue)
          await new Promise<void>((resolve) => pending.push(resolve))
          return consume.call(link, queue, ...rest)
        }
        return link
      },
    }
    const service = createExternalBus({ domain: 'allocation', system, clock, broker: hanging })
    service.registerCommandHandler(Forget, async () => undefined)
    const start = service.start().catch((error: unknown) => error)
    await settle()
    const stop = service.stop({ deadline: 1_000 })
    await clock.advance(1_000)
    await stop
    expect(await start).toMatchObject({ code: 'BusStopped' })
    pending[0]?.()
    await settle()
    expect(queues).toEqual(['q.commands'])
  })
})
