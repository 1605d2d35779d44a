import assert from 'node:assert/strict'
import { DIRECT_REPLY_TO, type Frame } from '../../external-bus/broker.ts'
import { textHeader } from '../../external-bus/wire-format.ts'
import { command, event } from '../../messages/declare.ts'
import { defineDomain } from '../../messages/define-domain.ts'
import { defineSystem } from '../../messages/define-system.ts'
import { eventually } from './eventually.ts'
import type { World, WorldTest } from './harness.ts'
import { bought, buy, rawCommand, rawCopyForMail } from './raw-frames.ts'
import { mail, shop } from './shop-system.ts'
import { integer, object, text } from './toy-schema.ts'

const quiet = { onError: () => {} }

/** The contract of `shop` as it was before `web` was allowed to buy. */
const narrowShop = defineDomain('shop', {
  commands: {
    Buy: command({
      input: object({ sku: text, qty: integer }),
      output: object({ order: text }),
      allow: ['mail'],
    }),
  },
  events: { Bought: event(object({ sku: text, qty: integer })) },
})
const narrowSystem = defineSystem({ domains: [narrowShop, mail], clients: { web: {} } })

async function reasonsOf(world: World, domain: string, queue: string): Promise<(string | undefined)[]> {
  return (await world.deadLetters(domain, queue)).map((letter) => textHeader(letter, 'x-posthorn-reason'))
}

/** A shop that takes orders, and the callers whom it saw. */
async function openShop(world: World): Promise<string[]> {
  const service = world.bus('shop', quiet)
  const callers: string[] = []
  service.registerCommandHandler(shop.commands.Buy, async (_command, { caller }) => {
    callers.push(caller)
    return { order: '1' }
  })
  await service.start()
  return callers
}

/** A mail service that hears of what was bought, and the events that it accepted. */
async function openMail(world: World): Promise<string[]> {
  const subscriber = world.bus('mail', quiet)
  const ids: string[] = []
  subscriber.registerEventHandlers(shop.events.Bought, async ({ id }) => ids.push(id))
  await subscriber.start()
  return ids
}

/** Who may do what, and who is believed to be whom. */
export function identityAndPermissions(test: WorldTest): void {
  test('B3 C47 C61 a command that the contract allows nobody is returned by the broker', async (world) => {
    await openShop(world)
    const web = world.bus('web')
    web.registerDomains('shop')
    await web.start()
    await assert.rejects(web.handle(shop.commands.Close({})), { code: 'Unroutable', outcome: 'not-executed' })
    const closing = shop.commands.Close({}) as Parameters<typeof web.send>[0]
    await assert.rejects(web.send(closing as never), { code: 'Unroutable', outcome: 'not-executed' })
  })

  test('a member that may use no command of a domain is told so without asking the broker', async (world) => {
    const audit = world.bus('audit')
    audit.registerEventHandlers(shop.events.Restocked, async () => undefined)
    await audit.start()
    await assert.rejects(audit.handle(buy()), { code: 'Forbidden', outcome: 'not-executed' })
  })

  test('B3 C46 C61 the service refuses a caller whom the broker lets through but the contract does not name', async (world) => {
    const service = world.bus('shop', { ...quiet, system: narrowSystem })
    const handled: unknown[] = []
    service.registerCommandHandler(narrowShop.commands.Buy, async (received) => {
      handled.push(received)
      return { order: '1' }
    })
    const web = world.bus('web')
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    await assert.rejects(web.call(buy()), { code: 'Forbidden', outcome: 'refused' })
    await web.send(buy())
    await eventually(async () =>
      assert.deepEqual(await reasonsOf(world, 'shop', 'q.commands'), ['forbidden']),
    )
    assert.deepEqual(handled, [])
  })

  test('a user cannot enter the vhost of a domain with which it has nothing to do', async (world) => {
    const audit = world.bus('audit')
    audit.registerDomains('mail')
    await assert.rejects(audit.start(), { code: 'AccessRefused' })
  })

  test('C60 C61 nobody but its domain can publish an event', async (world) => {
    const ids = await openMail(world)
    const event = bought()
    const frame: Frame = {
      ...rawCopyForMail(event, 'web', {}),
      exchange: 'x.events',
      routingKey: 'evt.Bought',
    }
    await assert.rejects(world.inject('web', 'shop', frame))
    assert.deepEqual(ids, [])
  })

  test('B1 C60 a user cannot publish under another name', async (world) => {
    const callers = await openShop(world)
    const properties = { userId: 'mail' }
    await assert.rejects(world.inject('web', 'shop', rawCommand(buy(), { properties })))
    assert.deepEqual(callers, [])
  })

  test('B1 C60 K6 a command without a user-id, which the broker lets pass, is refused', async (world) => {
    const callers = await openShop(world)
    const frame = rawCommand(buy())
    const { userId: _, ...properties } = frame.properties
    await world.inject('web', 'shop', { ...frame, properties })
    await eventually(async () =>
      assert.deepEqual(await reasonsOf(world, 'shop', 'q.commands'), ['no-user-id']),
    )
    assert.deepEqual(callers, [])
  })

  test('B2 B6 C60 a stranger’s word about the original sender and the tries counts for nothing', async (world) => {
    const service = world.bus('shop', { ...quiet, attempts: 3 })
    const tries: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async ({ id }, { caller, attempt }) => {
      tries.push(`${id} by ${caller}, ${attempt}`)
      if (attempt === 1) throw new Error('not yet')
      return { order: '1' }
    })
    await service.start()
    // As if it had been tried more often than is allowed, and as if there were tries to make up for.
    const commands = [7, 1e9, -5, 0, 'many'].map((attempt) => ({
      command: buy(),
      headers: {
        'x-posthorn-orig-user': 'mail',
        'x-posthorn-attempt': attempt,
        'x-posthorn-failed-at': '1970-01-01T00:00:00Z',
        'x-delivery-count': 99,
      },
    }))
    for (const { command, headers } of commands) {
      await world.inject('web', 'shop', rawCommand(command, { properties: { headers } }))
    }
    const ids = commands.map(({ command }) => command.id)
    await eventually(() =>
      assert.deepEqual([...tries].sort(), ids.flatMap((id) => [`${id} by web, 1`, `${id} by web, 2`]).sort()),
    )
    assert.deepEqual(await world.deadLetters('shop', 'q.commands'), [])
  })

  test('B2 B6 C60 an event counts as its domain’s only when that is its verified or its own copy’s sender', async (world) => {
    const ids = await openMail(world)
    const [copy, forged, bare] = [bought(), bought(), bought()]
    await world.inject('mail', 'shop', rawCopyForMail(bare, 'mail', {}))
    await world.inject('mail', 'shop', rawCopyForMail(forged, 'mail', { 'x-posthorn-orig-user': 'web' }))
    await world.inject('mail', 'shop', rawCopyForMail(copy, 'mail', { 'x-posthorn-orig-user': 'shop' }))
    await eventually(async () => {
      assert.deepEqual(ids, [copy.id])
      assert.deepEqual(await reasonsOf(world, 'shop', 'mail.q.events'), ['foreign-sender', 'foreign-sender'])
    })
  })

  test('B5 C63 K4 a message that has died in somebody else’s queue is refused', async (world) => {
    const callers = await openShop(world)
    const headers = { 'x-first-death-queue': 'web.q.trap' }
    await world.inject('web', 'shop', rawCommand(buy(), { properties: { headers } }))
    await eventually(async () =>
      assert.deepEqual(await reasonsOf(world, 'shop', 'q.commands'), ['laundered']),
    )
    assert.deepEqual(callers, [])
  })

  test('B4 C63 K3 a call whose reply address is no caller’s own is not run, and nothing is sent there', async (world) => {
    const reports: string[] = []
    const service = world.bus('shop', {
      onError: ({ reason, action }) => reports.push(`${reason}, ${action}`),
    })
    const callers: string[] = []
    service.registerCommandHandler(shop.commands.Buy, async (_command, { caller }) => {
      callers.push(caller)
      return { order: '1' }
    })
    await service.start()
    const addresses = [
      'mail.q.events',
      'q.commands',
      'q.commands.dead',
      `${DIRECT_REPLY_TO}q.commands`,
      `x${DIRECT_REPLY_TO}.y`,
      `${DIRECT_REPLY_TO}.y\nz`,
      `${DIRECT_REPLY_TO}.`,
      '\n',
      'y'.repeat(255),
      '',
    ]
    const calls = [{}, ...addresses.map((replyTo) => ({ replyTo }))]
    for (const properties of calls) {
      const trap = { ...rawCommand(buy(), { properties }), routingKey: 'call.Buy' }
      await world.inject('web', 'shop', trap)
    }
    await world.inject('web', 'shop', rawCommand(buy()))
    await eventually(() => {
      assert.deepEqual(callers, ['web'])
      assert.deepEqual(reports, Array(calls.length).fill('bad-reply-to, drop'))
    })
    for (const queue of ['mail.q.events', 'q.commands']) {
      assert.deepEqual(await world.deadLetters('shop', queue), [])
    }
  })

  test('B14 a call that does not fit the contract is answered, so that its caller need not wait', async (world) => {
    await openShop(world)
    const answers: Frame[] = []
    const link = await world.broker('web').open(world.vhost('shop'), {
      onState: () => {},
      onReply: (frame) => answers.push(frame),
      onRepliesLost: () => {},
    })
    const call = rawCommand(buy(), { body: '{"sku":1}', properties: { replyTo: DIRECT_REPLY_TO } })
    await link.publish({ ...call, routingKey: 'call.Buy' }, 5_000)
    const answer = await eventually(() => {
      assert.ok(answers[0])
      return answers[0]
    })
    await link.close(1_000)
    const { name } = JSON.parse(Buffer.from(answer.body).toString())
    assert.equal(answer.properties.type, 'error:shop.Buy.v1')
    assert.equal(answer.properties.userId, 'shop')
    assert.equal(answer.properties.correlationId, call.properties.correlationId)
    assert.equal(textHeader(answer, 'x-posthorn-causation-id'), call.properties.messageId)
    assert.equal(name, 'ValidationFailed')
  })
}
