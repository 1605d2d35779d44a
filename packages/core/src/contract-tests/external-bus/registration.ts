import assert from 'node:assert/strict'
import { textHeader } from '../../external-bus/wire-format.ts'
import { defineDomain } from '../../messages/define-domain.ts'
import { defineSystem } from '../../messages/define-system.ts'
import { eventually } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { bought, buy, rawCommand } from './raw-frames.ts'
import { mail, shop } from './shop-system.ts'

/** What is said to a bus before its start, and what it says to mistakes. */
export function registration(test: WorldTest): void {
  test('EXB-01 a bus knows its own domain and which others it was told to register', async (world) => {
    const bus = world.bus('shop')
    assert.equal(bus.domain, 'shop')
    assert.deepEqual(bus.registeredDomains, [])
    bus.registerDomains('mail')
    bus.registerDomains('mail')
    assert.deepEqual(bus.registeredDomains, ['mail'])
  })

  test('C74 a bus speaks only as a member of its system, and registers only domains of it', async (world) => {
    const elsewhere = defineSystem({ domains: [defineDomain('solo', {})] })
    assert.throws(() => world.bus('audit', { system: elsewhere }), { code: 'UnknownDomain' })
    const bus = world.bus('shop')
    assert.throws(() => bus.registerDomains('mail', 'web'), { code: 'UnknownDomain' })
    assert.throws(() => bus.registerDomains('shop'), { code: 'OwnMessage' })
    assert.deepEqual(bus.registeredDomains, [])
  })

  test('C74 EXB-02 EXB-04 registering an event registers its domain; again it adds new handlers, the old count once', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const calls: string[] = []
    const [first, second] = [async () => calls.push('first'), async () => calls.push('second')]
    subscriber.registerEventHandlers(shop.events.Bought, first, first)
    assert.deepEqual(subscriber.registeredDomains, ['shop'])
    subscriber.registerEventHandlers(shop.events.Bought, second)
    subscriber.registerEventHandlers(shop.events.Bought, first)
    assert.deepEqual(subscriber.registeredDomains, ['shop'])
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought())
    await publisher.publish(bought())
    await eventually(() => assert.deepEqual([...calls].sort(), ['first', 'first', 'second', 'second']))
  })

  test('EXB-05 an event registered without a handler registers its domain, and its messages wait', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    subscriber.registerEventHandlers(shop.events.Bought)
    assert.deepEqual(subscriber.registeredDomains, ['shop'])
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought('EARLY'))
    await subscriber.stop()
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    await subscriber.start()
    await eventually(() => assert.deepEqual(skus, ['EARLY']))
  })

  test('C10 EXB-06 an event that was never registered has no handlers: it is kept as a dead letter', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { onError: () => {} })]
    const types: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ type }) => types.push(type))
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(shop.events.Restocked({ sku: 'LAMP' }))
    await publisher.publish(bought())
    await eventually(async () => {
      assert.deepEqual(types, ['shop.Bought'])
      const [dead] = await world.deadLetters('shop', 'mail.q.events')
      assert.ok(dead)
      assert.equal(textHeader(dead, 'x-posthorn-reason'), 'unknown-message')
      assert.equal(dead.properties.type, 'event:shop.Restocked.v1')
    })
  })

  test('an event can be handled only by those who subscribe to it, and are not its own domain', async (world) => {
    const ignore = async () => undefined
    assert.throws(() => world.bus('web').registerEventHandlers(shop.events.Restocked, ignore), {
      code: 'NotSubscribed',
    })
    assert.throws(() => world.bus('shop').registerEventHandlers(shop.events.Bought, ignore), {
      code: 'OwnMessage',
    })
  })

  test('EXB-10 a second handler for a command replaces the first', async (world) => {
    const [service, web] = [world.bus('shop'), world.bus('web')]
    service.registerCommandHandler(shop.commands.Buy, async () => ({ order: 'first' }))
    service.registerCommandHandler(shop.commands.Buy, async () => ({ order: 'second' }))
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    assert.deepEqual(await web.call(buy()), { order: 'second' })
  })

  test('EXB-08 a command is registered with its own domain, and only there', async (world) => {
    const bus = world.bus('shop')
    bus.registerCommandHandler(shop.commands.Restock, async () => ({ note: '' }))
    assert.deepEqual(bus.registeredDomains, [])
    const handler = async () => ({ id: '1' })
    assert.throws(() => bus.registerCommandHandler(mail.commands.Notify, handler), { code: 'ForeignMessage' })
    assert.throws(() => bus.setPermissionForCommand(mail.commands.Notify, 'web'), { code: 'ForeignMessage' })
  })

  test('nobody can be permitted who is not another member of the system', async (world) => {
    const bus = world.bus('shop')
    for (const caller of ['nobody', 'shop']) {
      assert.throws(() => bus.setPermissionForCommand(shop.commands.Close, caller), { code: 'UnknownDomain' })
    }
  })

  test('what the contract does not permit must have been provisioned', async (world) => {
    const bus = world.bus('shop')
    bus.setPermissionForCommand(shop.commands.Buy, 'web')
    await bus.start()
    await bus.stop()
    bus.setPermissionForCommand(shop.commands.Close, 'web')
    await assert.rejects(bus.start(), { code: 'PermissionNotProvisioned' })
    assert.equal(bus.health().state, 'stopped')
  })

  test(
    'EXB-11 EXB-13 where services declare for themselves, permissions given before the start add up; by default there are none',
    async (world) => {
      const service = world.bus('shop', { selfDeclare: true })
      const callers: string[] = []
      const handler = async (_command: unknown, { caller }: { readonly caller: string }) => {
        callers.push(caller)
        return { note: 'done', order: 'done' }
      }
      service.registerCommandHandler(shop.commands.Close, async (...args) => void (await handler(...args)))
      service.registerCommandHandler(shop.commands.Restock, handler, { allow: ['mail'] })
      service.setPermissionForCommand(shop.commands.Restock, 'audit')
      await service.start()
      for (const caller of ['web', 'mail', 'audit'] as const) {
        const bus = world.bus(caller, { selfDeclare: true })
        bus.registerDomains('shop')
        await bus.start()
        await bus.handle(shop.commands.Restock({ sku: 'LAMP' }))
        await assert.rejects(bus.handle(shop.commands.Close({})), { code: 'Unroutable' })
      }
      assert.deepEqual(callers, ['web', 'mail', 'audit'])
    },
    { selfDeclare: true },
  )

  test(
    'EXB-12 where services declare for themselves, a permission is for the one it names and for nobody else',
    async (world) => {
      const service = world.bus('shop', { selfDeclare: true })
      service.registerCommandHandler(shop.commands.Close, async () => undefined, { allow: ['mail'] })
      await service.start()
      const [mailBus, web] = [
        world.bus('mail', { selfDeclare: true }),
        world.bus('web', { selfDeclare: true }),
      ]
      for (const bus of [mailBus, web]) bus.registerDomains('shop')
      await Promise.all([mailBus.start(), web.start()])
      await mailBus.handle(shop.commands.Close({}))
      await assert.rejects(web.handle(shop.commands.Close({})), { code: 'Unroutable' })
    },
    { selfDeclare: true },
  )

  test('C47 B13 EXB-14 a command that no contract knows is returned by the broker', async (world) => {
    const service = world.bus('shop')
    service.registerCommandHandler(shop.commands.Buy, async () => ({ order: '1' }))
    await service.start()
    await world.inject('web', 'shop', rawCommand(buy()))
    for (const routingKey of ['cmd.Steal', 'call.Steal']) {
      const unknown = { ...rawCommand(buy()), routingKey }
      await assert.rejects(world.inject('web', 'shop', unknown))
    }
  })

  test(
    'where services declare for themselves, subscribers get their events',
    async (world) => {
      const [publisher, subscriber] = [
        world.bus('shop', { selfDeclare: true }),
        world.bus('mail', { selfDeclare: true }),
      ]
      const skus: string[] = []
      subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
      await publisher.start()
      await subscriber.start()
      await publisher.publish(bought('LAMP'))
      await eventually(() => assert.deepEqual(skus, ['LAMP']))
      await subscriber.stop()
      await subscriber.start()
    },
    { selfDeclare: true },
  )

  test('C74 after the start nothing can be registered', async (world) => {
    const bus = world.bus('mail')
    await bus.start()
    const started = { code: 'BusStarted' }
    assert.throws(() => bus.registerDomains('shop'), started)
    assert.throws(() => bus.registerEventHandlers(shop.events.Bought, async () => undefined), started)
    assert.throws(() => bus.registerCommandHandler(mail.commands.Notify, async () => ({ id: '' })), started)
    assert.throws(() => bus.setPermissionForCommand(mail.commands.Notify, 'web'), started)
  })

  test('handle calls with a command and publishes an event', async (world) => {
    const [service, web] = [world.bus('shop'), world.bus('web')]
    const skus: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async () => ({ order: '7' }))
    web.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    await Promise.all([service.start(), web.start()])
    assert.deepEqual(await web.handle(buy()), { order: '7' })
    assert.equal(await service.handle(bought('LAMP')), undefined)
    await eventually(() => assert.deepEqual(skus, ['LAMP']))
  })

  test('C58 RMQ-11 a bus carries what is its own to send: its domain’s events, and commands of the others that it registered', async (world) => {
    const [service, web] = [world.bus('shop'), world.bus('web')]
    await service.start()
    await web.start()
    await assert.rejects(service.handle(buy()), { code: 'OwnMessage', outcome: 'not-executed' })
    await assert.rejects(service.handle(mail.events.Mailed({ id: '1' })), { code: 'ForeignMessage' })
    await assert.rejects(service.handle(shop.events.Counted({})), { code: 'PrivateEvent' })
    await assert.rejects(web.handle(buy()), { code: 'UnregisteredDomain', outcome: 'not-executed' })
    await assert.rejects(web.handle(bought()), { code: 'ForeignMessage' })
  })

  test('a call waits 30 s unless told otherwise, and expires with its timeout', async (world) => {
    const web = world.bus('web')
    web.registerDomains('shop')
    await web.start()
    const expirations: number[] = []
    const link = await world.broker('shop').open(world.vhost('shop'), {
      onState: () => {},
      onReply: () => {},
      onRepliesLost: () => {},
    })
    await link.consume('q.calls', { prefetch: 5 }, (incoming) => {
      expirations.push(Number(incoming.frame.properties.expiration))
      incoming.ack()
    })
    const calls = [web.call(buy()), web.call(buy(), { timeout: 5_000 })]
    const ended = Promise.allSettled(calls)
    await eventually(() => assert.equal(expirations.length, 2))
    await link.close(1_000)
    await web.stop()
    await ended
    const [standard = 0, short = 0] = [...expirations].sort((one, other) => other - one)
    assert.ok(standard > 25_000 && standard <= 30_000, `${standard}`)
    assert.ok(short > 2_000 && short <= 5_000, `${short}`)
  })
}
