import assert from 'node:assert/strict'
import { eventually, gate } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { bought, buy } from './raw-frames.ts'
import { mail, shop } from './shop-system.ts'

/** Starting, stopping, and what is underway meanwhile. */
export function lifecycle(test: WorldTest): void {
  test('C67 start and stop may each be called again, also at the same time', async (world) => {
    const bus = world.bus('shop')
    assert.equal(bus.health().state, 'stopped')
    assert.deepEqual(await bus.stop(), [])
    await Promise.all([bus.start(), bus.start()])
    await bus.start()
    assert.equal(bus.health().state, 'up')
    assert.deepEqual(
      bus.health().links.map(({ domain, state }) => [domain, state]),
      [['shop', 'up']],
    )
    await Promise.all([bus.stop(), bus.stop()])
    assert.deepEqual(await bus.stop(), [])
    assert.equal(bus.health().state, 'stopped')
    assert.deepEqual(bus.health().links, [])
  })

  test('C64 a bus that was stopped can be started again', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    await publisher.start()
    for (const sku of ['A', 'B']) {
      await subscriber.start()
      await publisher.publish(bought(sku))
      await eventually(() => assert.equal(skus.at(-1), sku))
      await subscriber.stop()
    }
    await publisher.publish(bought('C'))
    const restart = subscriber.start()
    await restart
    await eventually(() => assert.deepEqual(skus, ['A', 'B', 'C']))
  })

  test('a domain is told to be reachable when messages to it can be passed on, again after its link was lost', async (world) => {
    const bus = world.bus('mail')
    const reachable: string[] = []
    const passedOn: Promise<void>[] = []
    bus.registerDomains('shop')
    bus.onReachable(() => {
      throw new Error('of no concern to the bus')
    })
    const end = bus.onReachable((domain) => {
      reachable.push(domain)
      if (domain === 'mail') passedOn.push(bus.publish(mail.events.Mailed({ id: '1' })))
    })
    await bus.start()
    assert.deepEqual(reachable.sort(), ['mail', 'shop'])
    await world.disconnect('mail')
    await eventually(() => assert.deepEqual([...new Set(reachable.slice(2))].sort(), ['mail', 'shop']))
    await Promise.all(passedOn)
    end()
    const told = reachable.length
    await bus.stop()
    await bus.start()
    assert.equal(reachable.length, told)
  })

  test('a start that fails leaves nothing behind', async (world) => {
    const [failing, publisher] = [world.bus('audit'), world.bus('shop')]
    const reached: string[] = []
    failing.registerEventHandlers(shop.events.Restocked, async ({ payload }) => reached.push(payload.sku))
    failing.registerDomains('mail')
    await assert.rejects(failing.start(), { code: 'AccessRefused' })
    assert.equal(failing.health().state, 'stopped')
    assert.deepEqual(failing.health().links, [])
    failing.registerDomains('shop')
    await assert.rejects(failing.start(), { code: 'AccessRefused' })

    await publisher.start()
    await publisher.publish(shop.events.Restocked({ sku: 'LAMP' }))
    const other = world.bus('audit')
    const skus: string[] = []
    other.registerEventHandlers(shop.events.Restocked, async ({ payload }) => skus.push(payload.sku))
    await other.start()
    await eventually(() => assert.deepEqual(skus, ['LAMP']))
    assert.deepEqual(reached, [])
  })

  test('C16 nothing can be sent before the start or after the stop', async (world) => {
    const [service, web] = [world.bus('shop'), world.bus('web')]
    web.registerDomains('shop')
    const notStarted = { code: 'BusNotStarted', outcome: 'not-executed' }
    const refuses = async () => {
      await assert.rejects(web.call(buy()), notStarted)
      await assert.rejects(web.send(buy()), notStarted)
      await assert.rejects(web.handle(buy()), notStarted)
      await assert.rejects(service.publish(bought()), notStarted)
    }
    await refuses()
    await Promise.all([service.start(), web.start()])
    await Promise.all([service.stop(), web.stop()])
    await refuses()
  })

  test('C68 a stop waits for the handlers that are running, and lets them use the bus', async (world) => {
    const [service, web, subscriber] = [world.bus('shop'), world.bus('web'), world.bus('mail')]
    const [started, go] = [gate(), gate()]
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.push(payload.sku))
    service.registerCommandHandler(shop.commands.Buy, async ({ payload }) => {
      started.open()
      await go.opened
      await service.publish(bought(payload.sku))
      return { order: 'done' }
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start(), subscriber.start()])
    const call = web.call(buy('LAST'))
    await started.opened
    const stop = service.stop()
    assert.equal(service.health().state, 'stopping')
    go.open()
    assert.deepEqual(await call, { order: 'done' })
    assert.deepEqual(await stop, [])
    await eventually(() => assert.deepEqual(skus, ['LAST']))
  })

  test('C28 C68 a stop names what it abandons at its deadline, which is then delivered again', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { onError: () => {} })]
    const started = gate()
    const told: string[] = []
    const tries: boolean[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ id }, { redelivered, signal }) => {
      tries.push(redelivered)
      if (tries.length > 1) return
      signal.addEventListener('abort', () => told.push(id))
      started.open()
      await new Promise(() => {})
    })
    await Promise.all([publisher.start(), subscriber.start()])
    const event = bought()
    await publisher.publish(event)
    await started.opened
    assert.deepEqual(await subscriber.stop({ deadline: 200 }), [`event:shop.Bought.v1 ${event.id}`])
    assert.deepEqual(told, [event.id])
    await subscriber.start()
    await eventually(() => assert.deepEqual(tries, [false, true]))
  })

  test('a stop while publishing settles every publication, and loses none that it confirmed', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const received = new Set<string>()
    subscriber.registerEventHandlers(shop.events.Bought, async ({ id }) => received.add(id))
    await Promise.all([publisher.start(), subscriber.start()])
    const events = Array.from({ length: 200 }, () => bought())
    const publications = events.map((event) => publisher.publish(event))
    const stop = publisher.stop()
    const results = await Promise.allSettled(publications)
    await stop
    const confirmed = events.filter((_, index) => results[index]?.status === 'fulfilled').map(({ id }) => id)
    await eventually(() =>
      assert.deepEqual(
        confirmed.filter((id) => !received.has(id)),
        [],
      ),
    )
    for (const result of results) {
      if (result.status === 'rejected') assert.ok(result.reason.outcome, 'a rejection says its outcome')
    }
  })

  test('C57 a stop ends the calls that wait, as unknown', async (world) => {
    const [service, web] = [world.bus('shop', { onError: () => {} }), world.bus('web')]
    const started = gate()
    service.registerCommandHandler(shop.commands.Buy, async (_command, { signal }) => {
      started.open()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { order: '1' }
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    const call = web.call(buy(), { timeout: 60_000 })
    const ended = assert.rejects(call, { code: 'BusStopped', outcome: 'unknown' })
    await started.opened
    await web.stop()
    await ended
    await service.stop({ deadline: 100 })
  })

  test('consuming and publishing go on after the connections were lost', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const skus = new Set<string>()
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => skus.add(payload.sku))
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought('BEFORE'))
    await eventually(() => assert.ok(skus.has('BEFORE')))
    await Promise.all([world.disconnect('shop'), world.disconnect('mail')])
    await publisher.publish(bought('AFTER'))
    await eventually(() => assert.ok(skus.has('AFTER')))
    await eventually(() => assert.equal(subscriber.health().state, 'up'))
  })

  test('C19 a message whose handler was running when the connection was lost is delivered again', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail')]
    const tries: boolean[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async (_event, { redelivered }) => {
      tries.push(redelivered)
      if (tries.length === 1) await world.disconnect('mail')
    })
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought())
    await eventually(() => assert.deepEqual(tries, [false, true]))
  })
}
