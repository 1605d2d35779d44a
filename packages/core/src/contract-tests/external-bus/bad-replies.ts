import assert from 'node:assert/strict'
import type { BrokerLink, Frame, FrameProperties } from '../../external-bus/broker.ts'
import { eventually } from './eventually.ts'
import type { World, WorldTest } from './harness.ts'
import { buy, rawCommand } from './raw-frames.ts'

interface Reply {
  readonly what: string
  readonly body?: string | Uint8Array
  readonly properties?: (valid: FrameProperties) => FrameProperties
}

const typed = (type: string) => (valid: FrameProperties) => ({ ...valid, type })
const about = (id: unknown) => (valid: FrameProperties) => ({
  ...valid,
  headers: { 'x-posthorn-causation-id': id },
})

/** Answers that are none to this call. */
const STRAY: readonly Reply[] = [
  { what: 'an empty type', properties: typed('') },
  { what: 'a type that says nothing', properties: typed('reply') },
  { what: 'the kind of an event', properties: typed('event:shop.Bought.v1') },
  { what: 'the kind of a command', properties: typed('command:shop.Buy.v1') },
  { what: 'another command', properties: typed('reply:shop.Restock.v1') },
  { what: 'another domain', properties: typed('reply:mail.Notify.v1') },
  { what: 'another version', properties: typed('reply:shop.Buy.v2') },
  { what: 'no word about its call', properties: (valid) => ({ ...valid, headers: {} }) },
  { what: 'a number for its call', properties: about(7) },
  { what: 'a table for its call', properties: about({ id: 7 }) },
  { what: 'a call that does not wait', properties: about('00000000-0000-4000-8000-000000000000') },
  { what: 'the name of a property for its call', properties: about('__proto__') },
]

const error = (body: unknown) => ({ body: JSON.stringify(body), properties: asError })
const asError = (valid: FrameProperties) => ({ ...valid, type: 'error:shop.Buy.v1' })

const unreadable = { code: 'InvalidReply', outcome: 'unknown' }
const unknownError = { code: 'RemoteError', outcome: 'failed', errorId: null }

/** Answers that settle their call, but as no result. */
const BROKEN: readonly (Reply & { readonly rejection: object })[] = [
  { what: 'no body', body: '', rejection: unreadable },
  { what: 'half a body', body: '{"order":', rejection: unreadable },
  { what: 'a body of null', body: 'null', rejection: unreadable },
  { what: 'a list', body: '[]', rejection: unreadable },
  { what: 'a result of another type', body: '{"order":1}', rejection: unreadable },
  { what: 'a byte order mark', body: '\ufeff{"order":"1"}', rejection: unreadable },
  { what: 'bytes that are no UTF-8', body: Uint8Array.of(0x22, 0xff, 0x22), rejection: unreadable },
  { what: 'a body nested too deeply', body: '['.repeat(10_000), rejection: unreadable },
  { what: 'a key that reaches for a prototype', body: '{"order":"1","__proto__":{}}', rejection: unreadable },
  { what: 'an error that is no object', ...error('SoldOut'), rejection: unreadable },
  { what: 'an error of nobody', ...error({}), rejection: unreadable },
  {
    what: 'an error of another domain',
    ...error({ domain: 'mail', name: 'SoldOut', data: { sku: 'x' } }),
    rejection: unreadable,
  },
  { what: 'an error without a name', ...error({ domain: 'shop', name: 7 }), rejection: unreadable },
  {
    what: 'an error whose name is no name',
    ...error({ domain: 'shop', name: '<b>', errorId: 'x' }),
    rejection: unreadable,
  },
  {
    what: 'an error that the contract does not declare',
    ...error({ domain: 'shop', name: 'Unheard', data: {} }),
    rejection: unknownError,
  },
  {
    what: 'a declared error with data of another type',
    ...error({ domain: 'shop', name: 'SoldOut', data: { sku: 7 } }),
    rejection: unknownError,
  },
  {
    what: 'a declared error without data',
    ...error({ domain: 'shop', name: 'SoldOut' }),
    rejection: unknownError,
  },
  {
    what: 'an outcome that nobody knows',
    ...error({ domain: 'shop', name: 'InternalError', errorId: 'x', outcome: 'splendid' }),
    rejection: { code: 'RemoteError', outcome: 'failed' },
  },
  {
    what: 'an outcome that is not known',
    ...error({ domain: 'shop', name: 'InternalError', errorId: 'x', outcome: 'unknown' }),
    rejection: { code: 'RemoteError', outcome: 'unknown' },
  },
  {
    what: 'a refusal that nobody knows',
    ...error({ domain: 'shop', name: 'Whimsical', errorId: 'x', outcome: 'refused' }),
    rejection: { code: 'RemoteError', remoteName: 'Whimsical', outcome: 'refused' },
  },
]

/** A caller, and a shop that answers each call by hand. */
async function callerAndShop(world: World) {
  const web = world.bus('web')
  web.registerDomains('shop')
  await web.start()
  const calls: Frame[] = []
  const link = await world.broker('shop').open(world.vhost('shop'), {
    onState: () => {},
    onReply: () => {},
    onRepliesLost: () => {},
  })
  await link.consume('q.calls', { prefetch: 5 }, (incoming) => {
    calls.push(incoming.frame)
    incoming.ack()
  })
  return { web, link, nextCall: () => eventually(() => calls.shift() ?? assert.fail('no call yet')) }
}

function replyTo(call: Frame, { body = '{"order":"1"}', properties }: Omit<Reply, 'what'>): Frame {
  const { replyTo: routingKey = '', messageId } = call.properties
  const valid: FrameProperties = {
    type: 'reply:shop.Buy.v1',
    contentType: 'application/json',
    headers: { 'x-posthorn-causation-id': messageId },
  }
  return { exchange: '', routingKey, body: Buffer.from(body), properties: properties?.(valid) ?? valid }
}

/** Some brokers return a reply although it has arrived. */
async function publish(link: BrokerLink, reply: Frame): Promise<void> {
  await link.publish(reply, 2_000).catch(() => undefined)
}

/** Whatever an answer looks like, it neither stops the caller nor gives it what nobody answered. */
export function badReplies(test: WorldTest): void {
  test('B17 answers that are none to the call are dropped and counted, and the call waits for its own', async (world) => {
    const { web, link, nextCall } = await callerAndShop(world)
    const answered = web.call(buy())
    const call = await nextCall()
    for (const [index, { what, ...reply }] of STRAY.entries()) {
      await publish(link, replyTo(call, reply))
      await eventually(() => assert.equal(web.health().droppedReplies, index + 1, what))
    }
    assert.equal(web.health().pendingCalls, 1)
    await publish(link, replyTo(call, {}))
    assert.deepEqual(await answered, { order: '1' })
    await link.close(1_000)
  })

  test('B17 C54 an answer of which nobody knows the sender, or that another one sends, is none', async (world) => {
    const { web, link, nextCall } = await callerAndShop(world)
    const answered = web.call(buy())
    const call = await nextCall()
    await assert.rejects(world.inject('mail', 'shop', replyTo(call, {})))
    await world.inject('shop', 'shop', replyTo(call, {})).catch(() => undefined)
    await eventually(() => assert.equal(web.health().droppedReplies, 1))
    await publish(link, replyTo(call, { body: '{"order":"2"}' }))
    assert.deepEqual(await answered, { order: '2' })
    await link.close(1_000)
  })

  test('B4 C63 K3 an answer to somebody else’s call, which named this caller’s address, ends none of his', async (world) => {
    const { web, link, nextCall } = await callerAndShop(world)
    const answered = web.call(buy())
    const call = await nextCall()
    const { replyTo: address = '' } = call.properties
    const foreign = rawCommand(buy(), { properties: { userId: 'mail', replyTo: address } })
    await world.inject('mail', 'shop', { ...foreign, exchange: 'x.cmd.mail', routingKey: 'call.Buy' })
    await publish(link, replyTo(await nextCall(), { body: '{"order":"not his"}' }))
    await eventually(() => assert.equal(web.health().droppedReplies, 1))
    assert.equal(web.health().pendingCalls, 1)
    await publish(link, replyTo(call, { body: '{"order":"his"}' }))
    assert.deepEqual(await answered, { order: 'his' })
    await link.close(1_000)
  })

  test('B17 an answer that cannot be read, or tells of an unheard error, ends its call and nothing else', async (world) => {
    const { web, link, nextCall } = await callerAndShop(world)
    for (const { what, rejection, ...reply } of BROKEN) {
      const rejected = assert.rejects(web.call(buy()), rejection, what)
      await publish(link, replyTo(await nextCall(), reply))
      await rejected
    }
    const answered = web.call(buy())
    await publish(link, replyTo(await nextCall(), { body: '{"order":0,"order":"last"}' }))
    assert.deepEqual(await answered, { order: 'last' })
    assert.equal(web.health().pendingCalls, 0)
    assert.equal(web.health().droppedReplies, 0)
    await link.close(1_000)
  })
}
