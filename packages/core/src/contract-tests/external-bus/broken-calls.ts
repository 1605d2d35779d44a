import assert from 'node:assert/strict'
import { eventually, gate } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { buy } from './raw-frames.ts'
import { mail, shop } from './shop-system.ts'

/** Calls whose caller or callee is lost on the way, whose answer cannot be sent, or that wait for each other. */
export function brokenCalls(test: WorldTest): void {
  test('C51 a call whose callee loses its connection while it runs is delivered again, and answered', async (world) => {
    const [service, web] = [world.bus('shop', { onError: () => {} }), world.bus('web')]
    const tries: [string, boolean][] = []
    service.registerCommandHandler(shop.commands.Buy, async ({ id }, { redelivered }) => {
      tries.push([id, redelivered])
      if (tries.length === 1) await world.disconnect('shop')
      return { order: id }
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    const command = buy()
    assert.deepEqual(await web.call(command), { order: command.id })
    await eventually(() =>
      assert.deepEqual(tries, [
        [command.id, false],
        [command.id, true],
      ]),
    )
    assert.equal(web.health().pendingCalls, 0)
  })

  test('C51 a call that fails where it is not the last word, for it is delivered again, is not said to have failed', async (world) => {
    const actions: string[] = []
    const service = world.bus('shop', { onError: ({ action }) => actions.push(action) })
    const web = world.bus('web')
    let tries = 0
    service.registerCommandHandler(shop.commands.Buy, async ({ id }) => {
      tries += 1
      if (tries > 1) return { order: id }
      await world.disconnect('shop')
      throw new Error('lost its database too')
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    const command = buy()
    assert.deepEqual(await web.call(command), { order: command.id })
    assert.equal(tries, 2)
    // The first try may be told of behind the answer of the second.
    await eventually(() => assert.deepEqual(actions, ['requeue']))
  })

  test('C52 F32 a call whose caller goes away runs to its end, its answer is dropped, and others are served', async (world) => {
    const reports: string[] = []
    const service = world.bus('shop', { onError: ({ reason }) => reports.push(reason) })
    const [leaving, staying] = [world.bus('web'), world.bus('mail')]
    const [begun, left] = [gate(), gate()]
    const done: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async ({ payload: { sku } }) => {
      begun.open()
      if (sku === 'LEFT') await left.opened
      done.push(sku)
      return { order: sku }
    })
    for (const caller of [leaving, staying]) caller.registerDomains('shop')
    await Promise.all([service, leaving, staying].map((bus) => bus.start()))
    const ended = assert.rejects(leaving.call(buy('LEFT')), { code: 'BusStopped', outcome: 'unknown' })
    await begun.opened
    await leaving.stop()
    await ended
    left.open()
    assert.deepEqual(await staying.call(buy('NEXT')), { order: 'NEXT' })
    await eventually(() => assert.deepEqual([...done].sort(), ['LEFT', 'NEXT']))
    await eventually(() => assert.equal(service.health().handling, 0))
    assert.deepEqual(reports, [])
    assert.equal(service.health().state, 'up')
  })

  test('B17 C55 a result that is too large to be sent ends the call as unknown, at once', async (world) => {
    const [service, web] = [world.bus('shop', { onError: () => {} }), world.bus('web')]
    service.registerCommandHandler(shop.commands.Buy, async ({ payload: { sku } }) => ({
      order: sku === 'LARGE' ? 'x'.repeat(10_000_000) : sku,
    }))
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    await assert.rejects(web.call(buy('LARGE')), { remoteName: 'ReplyFailed', outcome: 'unknown' })
    assert.deepEqual(await web.call(buy('SMALL')), { order: 'SMALL' })
  })

  test('C58 two domains that call each other, one call at a time, wait no longer than their timeouts', async (world) => {
    const service = world.bus('shop', { prefetch: 1, onError: () => {} })
    const post = world.bus('mail', { prefetch: 1, onError: () => {} })
    const web = world.bus('web')
    const bought: string[] = []
    service.registerDomains('mail')
    service.registerCommandHandler(shop.commands.Buy, async (command) => {
      bought.push(command.payload.sku)
      if (command.payload.sku === 'BACK') return { order: 'nothing waits' }
      const { id } = await service.call(mail.commands.Notify({ text: 'x' }, command))
      return { order: id }
    })
    post.registerDomains('shop')
    post.registerCommandHandler(mail.commands.Notify, async (command) => {
      const back = post.call(shop.commands.Buy({ sku: 'BACK', qty: 1 }, command), { timeout: 300 })
      return { id: await back.then(String, (error: { readonly code: string }) => error.code) }
    })
    web.registerDomains('shop')
    await Promise.all([service, post, web].map((bus) => bus.start()))
    assert.deepEqual(await web.call(buy('FORTH')), { order: 'CallTimeout' })
    assert.deepEqual(await web.call(buy('BACK')), { order: 'nothing waits' })
    assert.equal(bought.filter((sku) => sku === 'FORTH').length, 1)
  })
}
