import assert from 'node:assert/strict'
import type { Frame } from '../../external-bus/broker.ts'
import type { DeliveryFailure } from '../../external-bus/delivery-failure.ts'
import { RemoteError } from '../../external-bus/remote-error.ts'
import type { Command } from '../../messages/message.ts'
import { eventually, gate } from './eventually.ts'
import type { World, WorldTest } from './harness.ts'
import { buy } from './raw-frames.ts'
import { mail, shop } from './shop-system.ts'

/** A started shop and a started `web` that may call it. */
async function shopAndWeb(world: World, shopOptions: Parameters<World['bus']>[1] = {}) {
  const [service, web] = [world.bus('shop', { onError: () => {}, ...shopOptions }), world.bus('web')]
  web.registerDomains('shop')
  const start = () => Promise.all([service.start(), web.start()])
  return { service, web, start }
}

/** Commands whose callers wait for an answer, and commands for which nobody waits. */
export function callsAndSends(test: WorldTest): void {
  test('C40 C59 RMQ-02 a call runs the handler once and gives its result', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const received: [Command, string, number][] = []
    service.registerCommandHandler(shop.commands.Buy, async (command, { caller, attempt }) => {
      received.push([command, caller, attempt])
      return { order: `order of ${command.payload.sku}` }
    })
    await start()
    const command = buy('LAMP')
    assert.deepEqual(await web.call(command), { order: 'order of LAMP' })
    assert.deepEqual(received, [[command, 'web', 1]])
  })

  test('C44 an error of the contract is raised again at the caller, of the same class', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    service.registerCommandHandler(shop.commands.Buy, async ({ payload }) => {
      throw new shop.errors.SoldOut({ sku: payload.sku })
    })
    await start()
    const error: unknown = await web.call(buy('LAMP')).catch((caught: unknown) => caught)
    assert.ok(error instanceof shop.errors.SoldOut)
    assert.deepEqual(error.data, { sku: 'LAMP' })
    assert.equal(error.outcome, 'failed')
  })

  test('C45 B18 RMQ-05 any other error crosses the wire without a word of its text, only with an id for the log', async (world) => {
    const reports: DeliveryFailure[] = []
    const { service, web, start } = await shopAndWeb(world, { onError: (failure) => reports.push(failure) })
    const cause = new TypeError('password=hunter2')
    service.registerCommandHandler(shop.commands.Buy, async () => {
      throw cause
    })
    await start()
    const error: unknown = await web.call(buy()).catch((caught: unknown) => caught)
    assert.ok(error instanceof RemoteError)
    assert.equal(error.outcome, 'failed')
    assert.equal(error.domain, 'shop')
    assert.equal(error.remoteName, 'InternalError')
    assert.ok(!JSON.stringify([error, error.message, error.details]).includes('hunter2'))
    const [report] = reports
    assert.equal(report?.errorId, error.errorId)
    assert.equal(report?.error, cause)
    assert.equal(report?.caller, 'web')
  })

  test('C55 a result that is not as the contract says ends the call as unknown: it did run', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    service.registerCommandHandler(shop.commands.Buy, async () => ({}) as { order: string })
    await start()
    await assert.rejects(web.call(buy()), {
      code: 'RemoteError',
      remoteName: 'ReplyFailed',
      outcome: 'unknown',
    })
  })

  test('C43 RMQ-04 a call that is not answered in time fails as unknown, and its handler is told to end', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const told: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async ({ payload }, { signal }) => {
      if (payload.sku === 'SLOW') {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        told.push(payload.sku)
      }
      return { order: '1' }
    })
    await start()
    await assert.rejects(web.call(buy('SLOW'), { timeout: 1_000 }), {
      code: 'CallTimeout',
      outcome: 'unknown',
    })
    assert.equal(web.health().pendingCalls, 0)
    assert.deepEqual(await web.call(buy('LAMP')), { order: '1' })
    await eventually(() => assert.deepEqual(told, ['SLOW']))
  })

  test('a handler whose time is over before its caller’s gives a call that may have run', async (world) => {
    const { service, web, start } = await shopAndWeb(world, { handlerTimeout: 100 })
    service.registerCommandHandler(shop.commands.Buy, () => new Promise(() => {}))
    await start()
    await assert.rejects(web.call(buy()), { remoteName: 'HandlerTimeout', outcome: 'unknown' })
  })

  test('C50 a call that waits in the queue for longer than its timeout is not run', async (world) => {
    const { service, web } = await shopAndWeb(world)
    const skus: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async ({ payload }) => {
      skus.push(payload.sku)
      return { order: '1' }
    })
    await web.start()
    await assert.rejects(web.call(buy('EXPIRED'), { timeout: 1_000 }), { code: 'CallTimeout' })
    // The broker's clock and ours differ: only after this one may it be held to the first one's end.
    await assert.rejects(web.call(buy('LATER'), { timeout: 1_000 }), { code: 'CallTimeout' })
    await service.start()
    await web.call(buy('FRESH'))
    assert.ok(skus.includes('FRESH'))
    assert.ok(!skus.includes('EXPIRED'))
  })

  test('C43 C53 B17 F32 answers that come late or twice are dropped and counted', async (world) => {
    const web = world.bus('web')
    web.registerDomains('shop')
    await web.start()
    const link = await world.broker('shop').open(world.vhost('shop'), {
      onState: () => {},
      onReply: () => {},
      onRepliesLost: () => {},
    })
    const answer = async (call: Frame, order: string) => {
      const { replyTo = '', messageId, type = '' } = call.properties
      const properties = {
        type: type.replace('command:', 'reply:'),
        contentType: 'application/json',
        headers: { 'x-posthorn-causation-id': messageId },
      }
      const frame = {
        exchange: '',
        routingKey: replyTo,
        body: Buffer.from(JSON.stringify({ order })),
        properties,
      }
      await link.publish(frame, 2_000).catch(() => undefined)
    }
    const calls: Frame[] = []
    await link.consume('q.calls', { prefetch: 5 }, (incoming) => {
      calls.push(incoming.frame)
      incoming.ack()
    })
    await assert.rejects(web.call(buy(), { timeout: 1_000 }), { code: 'CallTimeout' })
    await answer(calls[0] as Frame, 'late')
    await eventually(() => assert.equal(web.health().droppedReplies, 1))

    const second = web.call(buy())
    await eventually(() => assert.equal(calls.length, 2))
    await answer(calls[1] as Frame, 'first')
    await answer(calls[1] as Frame, 'again')
    assert.deepEqual(await second, { order: 'first' })
    await eventually(() => assert.equal(web.health().droppedReplies, 2))
    await link.close(1_000)
  })

  test('C58 a handler may call another domain, one at a time, without a deadlock', async (world) => {
    const { service, web, start } = await shopAndWeb(world, { prefetch: 1 })
    const post = world.bus('mail', { prefetch: 1 })
    post.registerCommandHandler(mail.commands.Notify, async ({ correlationId, causationId }) => ({
      id: `${correlationId} ${causationId}`,
    }))
    service.registerDomains('mail')
    service.registerCommandHandler(shop.commands.Buy, async (command) => {
      const { id } = await service.call(mail.commands.Notify({ text: 'bought' }, command))
      return { order: id }
    })
    await post.start()
    await start()
    const commands = Array.from({ length: 5 }, () => buy())
    const results = await Promise.all(commands.map((command) => web.call(command)))
    assert.deepEqual(
      results.map(({ order }) => order),
      commands.map(({ id }) => `${id} ${id}`),
    )
  })

  test('C47 EXB-09 a call that is permitted, but has no handler, is refused, and says so', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    service.registerCommandHandler(shop.commands.Buy, async () => ({ order: '1' }))
    await start()
    await assert.rejects(web.call(shop.commands.Restock({ sku: 'LAMP' })), {
      code: 'UnknownMessage',
      outcome: 'refused',
    })
  })

  test('a call can be given up by its caller', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const controller = new AbortController()
    service.registerCommandHandler(shop.commands.Buy, async (_command, { signal }) => {
      controller.abort()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { order: '1' }
    })
    await start()
    const call = web.call(buy(), { signal: controller.signal, timeout: 2_000 })
    await assert.rejects(call, { code: 'CallAborted', outcome: 'unknown' })
    const again = web.call(buy(), { signal: controller.signal })
    await assert.rejects(again, { code: 'CallAborted', outcome: 'not-executed' })
  })

  test('C56 no more calls wait at once than the limit', async (world) => {
    const { opened, open } = gate()
    const [service, web] = [world.bus('shop'), world.bus('web', { pendingCalls: 2 })]
    web.registerDomains('shop')
    service.registerCommandHandler(shop.commands.Buy, async () => {
      await opened
      return { order: '1' }
    })
    await Promise.all([service.start(), web.start()])
    const waiting = [web.call(buy()), web.call(buy())]
    await assert.rejects(web.call(buy()), { code: 'TooManyCalls', outcome: 'not-executed' })
    open()
    assert.equal((await Promise.all(waiting)).length, 2)
  })

  test('F32 a call whose connection breaks is sent again, and answered', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const ids: string[] = []
    const { opened, open } = gate()
    service.registerCommandHandler(shop.commands.Buy, async ({ id }) => {
      ids.push(id)
      if (ids.length === 1) await opened
      return { order: id }
    })
    await start()
    const command = buy()
    const call = web.call(command, { timeout: 20_000 })
    await eventually(() => assert.equal(ids.length, 1))
    await world.disconnect('web')
    assert.deepEqual(await call, { order: command.id })
    open()
    assert.deepEqual(new Set(ids), new Set([command.id]))
  })

  test('a command that is sent reaches its handler, and nobody waits for it', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const { opened, open } = gate()
    const handled: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async (command, { caller }) => {
      await opened
      handled.push(`${command.id} from ${caller}`)
      return { order: '1' }
    })
    await start()
    const command = buy()
    await web.send(command)
    assert.deepEqual(handled, [])
    open()
    await eventually(() => assert.deepEqual(handled, [`${command.id} from web`]))
  })

  test('stored messages are passed on as they are stored', async (world) => {
    const { service, web, start } = await shopAndWeb(world)
    const orders: unknown[] = []
    const events: unknown[] = []
    service.registerCommandHandler(shop.commands.Buy, async (command) => {
      orders.push(command)
      return { order: '1' }
    })
    web.registerEventHandlers(shop.events.Bought, async (event) => events.push(event))
    await start()
    const { payload: _, ...command } = buy()
    const { payload: __, ...event } = shop.events.Bought({ sku: 'LAMP', qty: 2 })
    await web.forward({ ...command, body: '{ "sku": "LAMP", "qty": 1 }' })
    await service.forward({ ...event, body: '{ "qty": 2, "sku": "LAMP" }' })
    await eventually(() => {
      assert.deepEqual(orders, [{ ...command, payload: { sku: 'LAMP', qty: 1 } }])
      assert.deepEqual(events, [{ ...event, payload: { sku: 'LAMP', qty: 2 } }])
    })
  })
}
