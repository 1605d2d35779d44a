import { describe, expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import type { Broker } from '../../../src/external-bus/broker.ts'
import { createExternalBus } from '../../../src/external-bus/connected-external-bus.ts'
import type { DeliveryFailure } from '../../../src/external-bus/delivery-failure.ts'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { sendFrame } from '../../../src/external-bus/wire-format.ts'
import { settle } from '../manual-clock.ts'
import { allocation, system } from './allocation-system.ts'
import { withChangedLinks } from './changed-links.ts'
import { sentBy } from './vectors.ts'
import { openWorld } from './world.ts'

const { Allocate } = allocation.commands
const { OutOfStock } = allocation.events
const order = { orderId: 'o', sku: 's', qty: 1 }
const allocated = { status: 'allocated', batchRef: 'b' } as const

/** The same broker, with something done before or after what its links do. */
function slowed(
  broker: Broker,
  { beforeClose, afterConsume }: { beforeClose?: () => unknown; afterConsume?: () => unknown },
): Broker {
  return withChangedLinks(broker, (link) => ({
    consume: async (...args) => {
      const consumer = await link.consume(...args)
      await afterConsume?.()
      return consumer
    },
    close: async (deadline) => {
      await beforeClose?.()
      await link.close(deadline)
    },
  }))
}

test('a bus speaks only as the user of its broker', () => {
  const { broker } = openWorld()
  const options = { domain: 'allocation', system, broker: broker.connect('storefront') }
  expect(() => createExternalBus(options)).toThrow(expect.objectContaining({ code: 'AccessRefused' }))
})

describe('a start', () => {
  test('that fails its check closes the link again', async () => {
    const { plan } = openWorld()
    const withoutQueues = plan.vhosts.map((vhost) => ({ ...vhost, queues: [] }))
    const bare = new InMemoryBroker({ plan: { ...plan, vhosts: withoutQueues } })
    const closed: string[] = []
    const watched = slowed(bare.connect('allocation'), { beforeClose: () => closed.push('closed') })
    const bus = createExternalBus({ domain: 'allocation', system, broker: watched })
    await expect(bus.start()).rejects.toMatchObject({ code: 'PermissionNotProvisioned' })
    expect(closed).toEqual(['closed'])
  })

  test('lets handlers use the bus from the first message on', async () => {
    const { broker, failures } = openWorld()
    const late = slowed(broker.connect('allocation'), { afterConsume: settle })
    const onError = (failure: DeliveryFailure) => failures.push(failure)
    const service = createExternalBus({ domain: 'allocation', system, broker: late, onError })
    const published: string[] = []
    service.registerCommandHandler(Allocate, async (command) => {
      await service.publish(OutOfStock(order, command))
      published.push(command.id)
      return allocated
    })
    const command = Allocate(order)
    await broker.inject(
      'storefront',
      'allocation',
      sentBy('storefront', sendFrame(command, 'storefront', 'i')),
    )
    await service.start()
    await settle()
    expect(failures).toEqual([])
    expect(published).toEqual([command.id])
  })
})

test('nothing is sent any more while a stop closes the connections', async () => {
  const { broker } = openWorld()
  const ends: (() => void)[] = []
  const beforeClose = () => new Promise<void>((resolve) => ends.push(resolve))
  const stuck = slowed(broker.connect('allocation'), { beforeClose })
  const bus = createExternalBus({ domain: 'allocation', system, broker: stuck })
  await bus.start()
  const stop = bus.stop()
  await settle()
  await expect(bus.publish(OutOfStock(order))).rejects.toMatchObject({ code: 'BusNotStarted' })
  expect(bus.health().state).toBe('stopping')
  ends[0]?.()
  expect(await stop).toEqual([])
})

describe('an event that comes back from the broker', () => {
  test('has failed when the system lists a subscriber for it', async () => {
    const { broker, bus, plan } = openWorld()
    broker.apply({ ...plan, vhosts: plan.vhosts.map((vhost) => ({ ...vhost, bindings: [] })) })
    const publisher = bus('allocation')
    await publisher.start()
    await expect(publisher.publish(OutOfStock(order))).rejects.toMatchObject({
      code: 'PublishFailed',
      outcome: 'not-executed',
      retryable: true,
    })
  })
})

describe('a call', () => {
  test('B22 C52 whose caller has gone is no failure', async () => {
    const { broker, bus, failures } = openWorld()
    const [service, storefront] = [bus('allocation'), bus('storefront')]
    const ends: (() => void)[] = []
    service.registerCommandHandler(Allocate, async () => {
      await new Promise<void>((resolve) => ends.push(resolve))
      return allocated
    })
    storefront.registerDomains('allocation')
    await Promise.all([service.start(), storefront.start()])
    const call = storefront.call(Allocate(order)).catch((error: unknown) => error)
    await settle()
    await storefront.stop()
    expect(await call).toMatchObject({ code: 'BusStopped' })
    ends[0]?.()
    await settle()
    expect(service.health().handling).toBe(0)
    expect(broker.queueDepth('allocation', 'q.calls')).toBe(0)
    expect(failures).toEqual([])
  })

  test('tells its caller when the effect is not known, or refused for its id', async () => {
    const { bus } = openWorld()
    const [service, storefront] = [bus('allocation'), bus('storefront')]
    const errors = [
      new PosthornError('CommitOutcomeUnknown', 'secret', { outcome: 'unknown' }),
      new PosthornError('IdempotencyKeyReuse', 'secret', { outcome: 'refused' }),
      new PosthornError('Forbidden', 'secret', { outcome: 'refused' }),
      new PosthornError('ConcurrencyConflict', 'secret', { outcome: 'failed' }),
    ]
    service.registerCommandHandler(Allocate, async ({ payload }) => {
      throw errors[payload.qty]
    })
    storefront.registerDomains('allocation')
    await Promise.all([service.start(), storefront.start()])
    const outcomes = await Promise.all(
      errors.map((_, qty) => storefront.call(Allocate({ ...order, qty })).catch((error: unknown) => error)),
    )
    expect(outcomes).toMatchObject([
      { remoteName: 'CommitOutcomeUnknown', outcome: 'unknown' },
      { code: 'IdempotencyKeyReuse', outcome: 'refused' },
      // The service was itself refused by somebody: that is its own failure.
      { remoteName: 'InternalError', outcome: 'failed' },
      { remoteName: 'ConcurrencyConflict', outcome: 'failed' },
    ])
    for (const outcome of outcomes) expect(String(outcome)).not.toContain('secret')
  })
})

describe('a delivery', () => {
  test('that can neither be handled nor copied goes back, and at its limit the broker takes it away', async () => {
    const { clock, broker, bus, failures } = openWorld({ limits: { queueBytes: 100, deliveries: 3 } })
    const [publisher, subscriber] = [bus('allocation'), bus('notifications')]
    await broker.inject('notifications', 'allocation', {
      exchange: 'notifications.x.dlx',
      routingKey: 'notifications.q.events.retry.600s',
      body: Buffer.alloc(100),
      properties: {},
    })
    subscriber.registerEventHandlers(OutOfStock, async () => {
      throw new Error('always')
    })
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(OutOfStock(order))
    await clock.advance(72_000 + 4 * 60_000)
    const [retries, requeues] = [Array(3).fill('retry'), Array(4).fill('requeue')]
    expect(failures.map(({ action }) => action)).toEqual([...retries, ...requeues])
    expect(broker.deadLetters('allocation', 'notifications.q.events')).toHaveLength(1)
  })

  test('B19 is reported in words that cannot forge a line of the log', async () => {
    const { broker, bus, failures } = openWorld()
    const service = bus('allocation')
    service.registerCommandHandler(Allocate, async () => allocated)
    await service.start()
    await broker.inject('storefront', 'allocation', {
      exchange: 'x.cmd.storefront',
      routingKey: 'cmd.Allocate',
      body: Buffer.from('{}'),
      properties: {
        userId: 'storefront',
        type: 'x\r\n[info] all is well',
        messageId: '\u001b[2J'.repeat(200),
      },
    })
    await settle()
    expect(failures).toMatchObject([{ type: 'x??[info] all is well', reason: 'bad-type' }])
    expect(failures[0]?.messageId).toMatch(/^[ -~]{256}$/)
  })

  test('is settled also when the listener for failures fails', async () => {
    const { broker, bus } = openWorld()
    const service = bus('allocation', {
      onError: () => {
        throw new Error('the listener')
      },
    })
    service.registerCommandHandler(Allocate, async () => allocated)
    await service.start()
    await broker.inject('storefront', 'allocation', {
      exchange: 'x.cmd.storefront',
      routingKey: 'cmd.Allocate',
      body: Buffer.from('{'),
      properties: { userId: 'storefront' },
    })
    await settle()
    expect(broker.deadLetters('allocation', 'q.commands')).toHaveLength(1)
  })
})

test('a bus whose connection is lost says so until it is back', async () => {
  const { clock, broker, bus } = openWorld()
  const service = bus('allocation')
  await service.start()
  broker.disconnect('allocation')
  expect(service.health()).toMatchObject({
    state: 'degraded',
    links: [{ domain: 'allocation', state: 'down', reason: 'connection lost' }],
  })
  await clock.advance(10)
  expect(service.health()).toMatchObject({ state: 'up', links: [{ state: 'up', reason: null }] })
  await service.stop()
})

test('a bus that fails to start for long does not gather listeners', async () => {
  const { broker } = openWorld()
  const signals = new Set<EventTarget>()
  const add = AbortSignal.prototype.addEventListener
  const remove = AbortSignal.prototype.removeEventListener
  let listeners = 0
  AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: Parameters<typeof add>) {
    signals.add(this)
    listeners += 1
    return add.apply(this, args)
  }
  AbortSignal.prototype.removeEventListener = function (
    this: AbortSignal,
    ...args: Parameters<typeof remove>
  ) {
    listeners -= 1
    return remove.apply(this, args)
  }
  try {
    const away = { ...broker.connect('allocation'), open: () => Promise.reject(new Error('away')) }
    const bus = createExternalBus({ domain: 'allocation', system, broker: away })
    for (let i = 0; i < 20; i++) await expect(bus.start()).rejects.toThrow('away')
  } finally {
    AbortSignal.prototype.addEventListener = add
    AbortSignal.prototype.removeEventListener = remove
  }

  expect(signals.size).toBeGreaterThan(0)
  expect(listeners).toBe(0)
})
