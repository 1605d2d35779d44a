import assert from 'node:assert/strict'
import type { FrameProperties } from '../../external-bus/broker.ts'
import { MAX_BODY, textHeader } from '../../external-bus/wire-format.ts'
import { eventually } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { buy, rawCommand } from './raw-frames.ts'
import { shop } from './shop-system.ts'

interface BadFrame {
  readonly what: string
  readonly reason: string
  readonly body?: string | Uint8Array
  readonly properties?: FrameProperties
}

const BAD_FRAMES: readonly BadFrame[] = [
  { what: 'of an unknown type', reason: 'unknown-message', properties: { type: 'command:shop.Steal.v1' } },
  { what: 'of another domain', reason: 'unknown-message', properties: { type: 'command:mail.Notify.v1' } },
  { what: 'with a type that says nothing', reason: 'bad-type', properties: { type: 'Buy' } },
  { what: 'that is an event', reason: 'wrong-kind', properties: { type: 'event:shop.Bought.v1' } },
  {
    what: 'of a version that is too new',
    reason: 'unknown-version',
    properties: { type: 'command:shop.Buy.v9' },
  },
  {
    what: 'that died at home first and in a foreign queue later',
    reason: 'laundered',
    properties: {
      headers: {
        'x-first-death-queue': 'q.commands',
        'x-death': [{ queue: 'web.q.trap' }, { queue: 'q.commands' }],
      },
    },
  },
  { what: 'with an id that is no UUID', reason: 'bad-id', properties: { messageId: '42' } },
  {
    what: 'with another content type',
    reason: 'bad-content-type',
    properties: { contentType: 'text/plain' },
  },
  { what: 'that is compressed', reason: 'bad-content-type', properties: { contentEncoding: 'gzip' } },
  { what: 'with a body that is no JSON', reason: 'bad-json', body: '{"sku":' },
  { what: 'with an empty body', reason: 'bad-json', body: '' },
  { what: 'with a body that is no UTF-8', reason: 'bad-encoding', body: Uint8Array.of(0x22, 0xff, 0x22) },
  { what: 'that is nested too deeply', reason: 'too-deep', body: '['.repeat(100_000) },
  { what: 'that reaches for a prototype', reason: 'prototype-key', body: '{"__proto__":{"sku":"LAMP"}}' },
  { what: 'that does not fit the schema', reason: 'invalid-payload', body: '{"sku":"LAMP","qty":"many"}' },
]

/** Whatever comes in, it neither stops the consumer nor blocks the queue. */
export function badFrames(test: WorldTest): void {
  for (const { what, reason, body, properties } of BAD_FRAMES) {
    test(`B5 B8 B9 B11 B12 B13 B14 a frame ${what} is a dead letter with the reason ${reason} and holds up nobody`, async (world) => {
      const reports: string[] = []
      const service = world.bus('shop', { onError: (failure) => reports.push(failure.reason) })
      const handled: string[] = []
      service.registerCommandHandler(shop.commands.Buy, async ({ id }) => {
        handled.push(id)
        return { order: '1' }
      })
      await service.start()
      const [bad, good] = [buy(), buy()]
      const frame = rawCommand(bad, {
        ...(body === undefined ? {} : { body }),
        ...(properties === undefined ? {} : { properties }),
      })
      await world.inject('web', 'shop', frame)
      await world.inject('web', 'shop', rawCommand(good))
      await eventually(async () => {
        assert.deepEqual(handled, [good.id])
        const [dead, ...more] = await world.deadLetters('shop', 'q.commands')
        assert.ok(dead)
        assert.equal(more.length, 0)
        assert.equal(textHeader(dead, 'x-posthorn-reason'), reason)
        assert.equal(textHeader(dead, 'x-posthorn-orig-user'), 'web')
        assert.deepEqual(Buffer.from(dead.body), Buffer.from(frame.body))
        assert.deepEqual(reports, [reason])
      })
    })
  }

  test('B10 a frame with a body over the limit is refused by the broker', async (world) => {
    const frame = rawCommand(buy(), { body: ' '.repeat(MAX_BODY + 1) })
    await assert.rejects(world.inject('web', 'shop', frame))
    await world.inject('web', 'shop', rawCommand(buy(), { body: ' '.repeat(MAX_BODY) }))
  })
}
