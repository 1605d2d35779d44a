import { PosthornError } from '@posthorn/core'
import { DIRECT_REPLY_TO, type Incoming } from '@posthorn/core/transport'
import { connect } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem, { limits: { calls: 2 } })
})
afterAll(() => system.dispose())

const charged = (body?: string, properties = {}) => frame('x.events', 'evt.Charged', body, properties)

describe('publishing', () => {
  test('a published frame arrives as it was sent, with the user that the broker vouches for', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await using shipping = await openLink(system, 'shipping', 'billing')
    const received: Incoming[] = []
    await shipping.link.consume('shipping.q.events', { prefetch: 1 }, (incoming) => {
      received.push(incoming)
      incoming.ack()
    })
    const properties = {
      messageId: crypto.randomUUID(),
      correlationId: 'c1',
      appId: 'billing-1',
      timestamp: 1_700_000_000,
      contentType: 'application/json',
      persistent: true,
      headers: { traceparent: '00-1', attempt: 3 },
    }
    await billing.link.publish(charged('{"é":1}', properties), 5_000)
    await eventually('the event arrives', () => received.length === 1)
    expect(received[0]?.frame.properties).toMatchObject({ ...properties, userId: 'billing' })
    expect(textOf(received[0] as Incoming)).toBe('{"é":1}')
    expect(received[0]?.redelivered).toBe(false)
  })

  test('C15 a message that nobody can receive is unroutable within milliseconds, and says that nothing was executed', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge'), 5_000)
    const start = performance.now()
    await expect(shop.link.publish(frame('x.cmd.shop', 'cmd.Refund'), 5_000)).rejects.toMatchObject({
      code: 'Unroutable',
      outcome: 'not-executed',
    })
    expect(performance.now() - start).toBeLessThan(500)
  })

  test('only the returned one of many messages fails', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        billing.link.publish(frame('x.events', i === 25 ? 'evt.Refunded' : 'evt.Charged'), 5_000),
      ),
    )
    expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([25])
  })

  test('of one message sent two ways at once, only the way that was returned fails', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const messageId = crypto.randomUUID()
    const send = (key: string) => billing.link.publish(frame('x.events', key, 'null', { messageId }), 5_000)
    const results = await Promise.allSettled([send('evt.Charged'), send('evt.Refunded'), send('evt.Charged')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('F11 a missing exchange fails its own message and leaves the others alone', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const others = Array.from({ length: 20 }, () => billing.link.publish(charged(), 5_000))
    await expect(billing.link.publish(frame('x.nowhere', 'evt.Charged'), 5_000)).rejects.toMatchObject({
      code: 'PublishFailed',
      outcome: 'not-executed',
      retryable: true,
    })
    await Promise.all(others)
    await billing.link.publish(charged(), 5_000)
  })

  test('F11 F13 when an exchange is deleted nothing counts as published, nothing else is disturbed, and it goes on when it is back', async () => {
    const own = await provisionedSystem(shopSystem)
    const applied = { ...own, passwords: {} }
    await using billing = await openLink(own, 'billing', 'billing')
    await using shop = await openLink(own, 'shop', 'billing')
    const commands: string[] = []
    await billing.link.consume('q.commands', { prefetch: 5 }, (incoming) => {
      commands.push(textOf(incoming))
      incoming.ack()
    })
    await billing.link.publish(charged(), 5_000)
    await new ManagementApi(own.managementUrl).delete('exchanges', `${own.namespace}.billing`, 'x.events')
    for (const code of ['ConnectionLost', 'PublishFailed']) {
      await expect(billing.link.publish(charged(), 5_000)).rejects.toMatchObject({ code, retryable: true })
    }
    await billing.link.publish(frame('x.dlx', 'q.commands', 'by itself'), 5_000)
    await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', 'by the shop'), 5_000)
    await eventually('it consumes', () => commands.length === 2)
    await applyPlan(own.plan, applied)
    await eventually('it is published again', () =>
      billing.link.publish(charged(), 5_000).then(
        () => true,
        () => false,
      ),
    )
    expect([...billing.states, ...shop.states].map(({ state }) => state)).toEqual(['up', 'up'])
    await own.dispose()
  })

  test('F38 the full queue of a subscriber that does not keep up refuses events, holds up nothing else, and takes them when it has been emptied', async () => {
    const own = await provisionedSystem(shopSystem, { limits: { queueBytes: 20_000 } })
    await using billing = await openLink(own, 'billing', 'billing')
    await using shop = await openLink(own, 'shop', 'billing')
    let confirmed = 0
    const publish = () => billing.link.publish(charged('x'.repeat(1_000)), 5_000)
    const untilRefused = async (): Promise<unknown> => {
      for (;;) {
        try {
          await publish()
          confirmed += 1
        } catch (error) {
          return error
        }
      }
    }
    expect(await untilRefused()).toMatchObject({ code: 'PublishRefused', retryable: true })
    expect(confirmed).toBeLessThan(60)
    await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', 'a command'), 5_000)

    await using shipping = await openLink(own, 'shipping', 'billing')
    let taken = 0
    await shipping.link.consume('shipping.q.events', { prefetch: 5 }, (incoming) => {
      taken += 1
      incoming.ack()
    })
    await eventually('it is emptied', () => taken >= confirmed)
    await publish()
    await own.dispose()
  })

  test('after a forbidden exchange has closed the channel others go on', async () => {
    await using shipping = await openLink(system, 'shipping', 'billing')
    await expect(shipping.link.publish(charged(), 5_000)).rejects.toMatchObject({
      // From RabbitMQ 4.3 on even looking at the exchange is forbidden, which tells in time.
      code: expect.stringMatching(/^(ConnectionLost|PublishFailed)$/),
    })
    await expect(shipping.link.publish(charged(), 5_000)).rejects.toMatchObject({
      code: 'PublishFailed',
      retryable: true,
    })
    await shipping.link.publish(frame('shipping.x.dlx', 'shipping.q.events.dead'), 5_000)
  })

  test('after a forbidden topic has closed the channel the other topics of its exchange go on', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const forbidden = () => billing.link.publish(frame('x.events', 'cmd.Charge'), 5_000)
    await expect(forbidden()).rejects.toMatchObject({ code: 'ConnectionLost' })
    await billing.link.publish(charged(), 5_000)
    await expect(forbidden()).rejects.toMatchObject({ code: 'PublishFailed', retryable: true })
  })

  test('B10 a body above the limit never leaves', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await expect(billing.link.publish(charged('x'.repeat(2 ** 20 + 1)), 5_000)).rejects.toMatchObject({
      code: 'PublishFailed',
      outcome: 'not-executed',
      retryable: false,
    })
    await billing.link.publish(charged('x'.repeat(2 ** 20)), 5_000)
  })

  test('F16 a full queue refuses, and the outcome is unknown', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const call = () => shop.link.publish(frame('x.cmd.shop', 'call.Charge'), 5_000)
    await call()
    await call()
    await expect(call()).rejects.toMatchObject({ code: 'PublishRefused', outcome: 'unknown' })
  })

  test('the broker refuses a message in the name of another user', async () => {
    const url = new URL(system.urlFor('shop'))
    url.pathname = `${system.namespace}.billing`
    const connection = await connect(url.href)
    const channel = await connection.createConfirmChannel()
    const refusal = new Promise<Error & { code?: number }>((resolve) => channel.on('error', resolve))
    channel.publish('x.cmd.shop', 'cmd.Charge', Buffer.from('null'), { userId: 'billing' })
    expect((await refusal).code).toBe(406)
    await connection.close()
  })

  test('C16 publishing after close fails at once', async () => {
    const { link } = await openLink(system, 'billing', 'billing')
    await link.close(2_000)
    await expect(link.publish(charged(), 5_000)).rejects.toMatchObject({ code: 'PublishFailed' })
  })

  test('errors name the message and never the password', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const error = await shop.link
      .publish(frame('x.cmd.shop', 'cmd.Refund'), 5_000)
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(PosthornError)
    expect(String(error)).toContain('event:billing.Charged.v1')
    expect(JSON.stringify(error) + String(error)).not.toContain(new URL(system.urlFor('shop')).password)
  })
})

describe('replies', () => {
  test('a reply comes back to the link that asked, from the user that answered', async () => {
    const fresh = await provisionedSystem(shopSystem)
    await using shop = await openLink(fresh, 'shop', 'billing')
    await using billing = await openLink(fresh, 'billing', 'billing')
    await billing.link.consume('q.calls', { prefetch: 10 }, (incoming) => {
      const { replyTo = '', messageId = '' } = incoming.frame.properties
      const answer = frame('', replyTo, `answer to ${textOf(incoming)}`, {
        correlationId: messageId,
        persistent: false,
      })
      void billing.link.publish(answer, 5_000).then(() => incoming.ack())
    })
    const ids = Array.from({ length: 100 }, () => crypto.randomUUID())
    await Promise.all(
      ids.map((messageId) =>
        shop.link.publish(
          frame('x.cmd.shop', 'call.Charge', messageId, {
            messageId,
            replyTo: DIRECT_REPLY_TO,
            persistent: false,
          }),
          5_000,
        ),
      ),
    )
    await eventually('all are answered', () => shop.replies.length === ids.length)
    for (const { body, properties } of shop.replies) {
      expect(Buffer.from(body).toString()).toBe(`answer to ${properties.correlationId}`)
      expect(properties.userId).toBe('billing')
    }
    await fresh.dispose()
  })
})
