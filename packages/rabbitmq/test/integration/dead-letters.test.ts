import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { DeadLetters } from '../../src/dead-letters/dead-letters.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { buried, bury, clear, operatorOf, taken } from '../support/dead-letter-desk.ts'
import { frame, openLink } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

const QUEUE = 'q.commands'
const CHARGE = 'command:billing.Charge.v1'
const REFUND = 'command:billing.Refund.v1'

let system: ProvisionedSystem
let operator: DeadLetters
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
  operator = operatorOf(shopSystem, system, 'billing')
})
beforeEach(() => clear(system, 'billing'))
afterAll(() => system.dispose())

const ids = async () => (await operator.list({ queue: QUEUE })).map(({ id }) => id)

describe('looking', () => {
  test('tells of each letter what died, whose it was and why, oldest first', async () => {
    const time = '2026-01-02T03:04:05.678Z'
    const [first, second] = await bury(
      system,
      'billing',
      ['"one"', buried({}, { 'x-posthorn-time': time, 'x-posthorn-failed-at': time })],
      ['"two"', buried({ type: REFUND })],
    )
    const letters = await operator.list()
    expect(letters.map(({ id }) => id)).toEqual([first, second])
    expect(letters[0]).toEqual({
      id: first,
      queue: QUEUE,
      type: CHARGE,
      caller: 'shop',
      reason: 'attempts-exhausted',
      handler: 'charge',
      attempts: 8,
      failedAt: time,
      sentAt: time,
      bytes: 5,
    })
  })

  test('leaves everything where it was, in its order, however often', async () => {
    const buriedIds = await bury(system, 'billing', ['1'], ['2'], ['3'], ['4'])
    for (let look = 0; look < 5; look++) {
      expect((await operator.list({}, 3)).map(({ id }) => id)).toEqual(buriedIds.slice(0, 3))
    }
    expect(await ids()).toEqual(buriedIds)
    expect(await operator.queues()).toEqual([
      { queue: 'q.commands', depth: 4 },
      { queue: 'shipping.q.events', depth: 0 },
    ])
  })

  test('finds letters of one type, with its version or without', async () => {
    const [, refund] = await bury(system, 'billing', ['1'], ['2', buried({ type: REFUND })])
    for (const type of [REFUND, 'command:billing.Refund']) {
      expect((await operator.list({ type })).map(({ id }) => id)).toEqual([refund])
    }
    expect(await operator.list({ type: 'command:billing.Ref' })).toEqual([])
    expect(await operator.list({ queue: 'shipping.q.events' })).toEqual([])
  })

  test('shows one letter’s body byte for byte', async () => {
    const [, id = ''] = await bury(system, 'billing', ['1'], ['{"orderId" : "é\\u0000"}'])
    const letter = await operator.show(QUEUE, id)
    expect(Buffer.from(letter.body).toString()).toBe('{"orderId" : "é\\u0000"}')
    expect(letter.properties).toMatchObject({ messageId: id, contentType: 'application/json' })
  })
})

describe('replaying', () => {
  test('C25 brings one letter back with its body, id and sender, as if never tried; the others stay in order', async () => {
    // Longer than a frame.
    const body = `{"orderId" :  "${'é'.repeat(200_000)}"}`
    const [a, b = '', c] = await bury(system, 'billing', ['1'], [body], ['3'])
    await operator.replay(QUEUE, b)
    expect(await ids()).toEqual([a, c])
    const [replayed] = await taken(system, 'billing', 1)
    expect(replayed?.body).toBe(body)
    expect(replayed?.properties).toMatchObject({ messageId: b, userId: 'billing', type: CHARGE })
    const headers = replayed?.properties.headers ?? {}
    expect(headers['x-posthorn-orig-user']).toBe('shop')
    const ours = Object.keys(headers).filter((name) => name.startsWith('x-posthorn-'))
    expect(ours.sort()).toEqual(['x-posthorn-orig-user', 'x-posthorn-time'])
  })

  test('brings all back in their order, or all of one type', async () => {
    const letters = ['1', '2', '3', '4'].map((body) => {
      return [body, buried({ type: Number(body) % 2 === 0 ? REFUND : CHARGE })] as const
    })
    const [one, , three] = await bury(system, 'billing', ...letters)
    expect(await operator.replayAll({ queue: QUEUE, type: REFUND })).toEqual({ replayed: 2, refused: [] })
    expect((await taken(system, 'billing', 2)).map(({ body }) => body)).toEqual(['2', '4'])
    expect(await ids()).toEqual([one, three])
    expect(await operator.replayAll({ queue: QUEUE })).toEqual({ replayed: 2, refused: [] })
    expect((await taken(system, 'billing', 2)).map(({ body }) => body)).toEqual(['1', '3'])
    expect(await ids()).toEqual([])
  })

  test('neither loses nor doubles a letter while more come in', async () => {
    const bodies = Array.from({ length: 60 }, (_, index) => String(index))
    await bury(system, 'billing', ...bodies.slice(0, 20).map((body) => [body] as const))
    const filling = bury(system, 'billing', ...bodies.slice(20).map((body) => [body] as const))
    const { replayed } = await operator.replayAll({ queue: QUEUE })
    await filling
    expect(replayed).toBeGreaterThanOrEqual(20)
    const rest = await operator.replayAll({ queue: QUEUE })
    expect(replayed + rest.replayed).toBe(60)
    expect((await taken(system, 'billing', 60)).map(({ body }) => body)).toEqual(bodies)
  })

  test('does not replay again what dies again meanwhile', async () => {
    await bury(system, 'billing', ...Array.from({ length: 10 }, (_, index) => [String(index)] as const))
    await using billing = await openLink(system, 'billing', 'billing')
    let died = 0
    await billing.link.consume(QUEUE, { prefetch: 10 }, (incoming) => {
      died += 1
      // Were it replayed for ever, it would end here.
      if (died > 50) return incoming.ack()
      const again = frame('x.dlx', 'q.commands.dead', '"again"', buried())
      void billing.link.publish(again, 5_000).then(() => incoming.ack())
    })
    expect(await operator.replayAll({ queue: QUEUE })).toEqual({ replayed: 10, refused: [] })
    await expect.poll(ids).toHaveLength(10)
  })

  test('gives each letter to one of several operators', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => String(index))
    await bury(system, 'billing', ...bodies.map((body) => [body] as const))
    const operators = [1, 2, 3].map(() => operatorOf(shopSystem, system, 'billing'))
    const done = await Promise.all(operators.map((one) => one.replayAll({ queue: QUEUE })))
    const replayed = done.reduce((sum, one) => sum + one.replayed, 0)
    expect(replayed).toBe(40)
    const came = await taken(system, 'billing', 40)
    expect(came.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual(bodies.map(Number))
    expect(await ids()).toEqual([])
  })

  test('leaves a letter where it was when its queue cannot be reached', async () => {
    const [id = '', other = ''] = await bury(system, 'billing', ['1'], ['2'])
    const api = new ManagementApi(system.managementUrl)
    const binding = ['bindings', `${system.namespace}.billing`, 'e', 'x.dlx', 'q', QUEUE] as const
    await api.delete(...binding, QUEUE)
    try {
      await expect(operator.replay(QUEUE, id)).rejects.toMatchObject({ code: 'Unroutable' })
      await expect(operator.replayAll({ queue: QUEUE })).rejects.toMatchObject({ code: 'Unroutable' })
    } finally {
      await api.post({ routing_key: QUEUE, arguments: {} }, ...binding)
    }
    expect(await ids()).toEqual([id, other])
  })

  test('C39 refuses what is older than inboxes remember, unless told that it was not applied', async () => {
    const past = new Date(Date.now() - 15 * 86_400_000).toISOString()
    const future = new Date(Date.now() + 86_400_000).toISOString()
    const [made = '', failed = '', young] = await bury(
      system,
      'billing',
      ['"made"', buried({}, { 'x-posthorn-time': past })],
      ['"failed"', buried({}, { 'x-posthorn-time': future, 'x-posthorn-failed-at': past })],
      ['"young"'],
    )
    for (const id of [made, failed]) {
      await expect(operator.replay(QUEUE, id)).rejects.toMatchObject({ code: 'DeadLetterTooOld' })
    }
    const { replayed, refused } = await operator.replayAll({ queue: QUEUE })
    expect(replayed).toBe(1)
    expect(refused.map(({ id, code }) => [id, code])).toEqual([
      [made, 'DeadLetterTooOld'],
      [failed, 'DeadLetterTooOld'],
    ])
    expect(await ids()).toEqual([made, failed])
    await operator.replay(QUEUE, made, { maxAge: Infinity })
    const came = await taken(system, 'billing', 2)
    expect(came.map(({ properties }) => properties.messageId)).toEqual([young, made])
  })
})

describe('identity', () => {
  test('of what the broker moved is its user-id, whatever its headers claim', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const forged = buried({}, { 'x-posthorn-orig-user': 'shipping', 'x-posthorn-reason': 'forged' })
    const message = frame('x.cmd.shop', 'cmd.Charge', '"mine"', forged)
    await shop.link.publish(message, 5_000)
    await using billing = await openLink(system, 'billing', 'billing')
    await billing.link.consume(QUEUE, { prefetch: 1 }, (incoming) => incoming.reject(false))
    await expect.poll(ids).toHaveLength(1)
    await billing.link.close(1_000)
    const [letter] = await operator.list()
    expect(letter).toMatchObject({ caller: 'shop', reason: 'rejected', handler: null, attempts: null })
    expect(Date.now() - Date.parse(letter?.failedAt ?? '')).toBeLessThan(60_000)
    await operator.replay(QUEUE, String(message.properties.messageId))
    const [replayed] = await taken(system, 'billing', 1)
    expect(replayed?.properties.headers).toMatchObject({ 'x-posthorn-orig-user': 'shop' })
  })

  test('is not given by a replay to what has none, nor back to what was laundered', async () => {
    const nobody = buried({}, { 'x-posthorn-reason': 'no-user-id' })
    const { 'x-posthorn-orig-user': _, ...headers } = nobody.headers ?? {}
    const letters = await bury(
      system,
      'billing',
      ['1', { ...nobody, headers }],
      ['2', buried({}, { 'x-posthorn-reason': 'laundered' })],
    )
    for (const id of letters) {
      await expect(operator.replay(QUEUE, id, { maxAge: Infinity })).rejects.toMatchObject({
        code: 'NotReplayable',
      })
    }
    const { refused } = await operator.replayAll({ queue: QUEUE })
    expect(refused.map(({ code }) => code)).toEqual(['NotReplayable', 'NotReplayable'])
    expect(await ids()).toEqual(letters)
  })
})

test('what came to the dead queue by way of somebody else’s is not replayed', async () => {
  const api = new ManagementApi(system.managementUrl)
  const trap = ['queues', `${system.namespace}.billing`, 'shop.q.trap'] as const
  const target = { 'x-dead-letter-exchange': 'x.dlx', 'x-dead-letter-routing-key': 'q.commands.dead' }
  await api.put({ durable: true, arguments: { 'x-message-ttl': 1, ...target } }, ...trap)
  await using billing = await openLink(system, 'billing', 'billing')
  await billing.link.publish(frame('', 'shop.q.trap', '"x"', buried()), 5_000)
  await expect.poll(ids).toHaveLength(1)
  await api.delete(...trap)
  const [id = ''] = await ids()
  await expect(operator.replay(QUEUE, id)).rejects.toMatchObject({ code: 'NotReplayable' })
  expect(await ids()).toEqual([id])
})

describe('purging', () => {
  test('deletes one letter, those of a type, or all, and nothing else', async () => {
    const types = [CHARGE, REFUND, CHARGE, REFUND, CHARGE]
    const [a, b, c = '', d, e] = await bury(
      system,
      'billing',
      ...types.map((type) => ['1', buried({ type })] as const),
    )
    await operator.purge(QUEUE, c)
    expect(await ids()).toEqual([a, b, d, e])
    expect(await operator.purgeAll({ queue: QUEUE, type: REFUND })).toBe(2)
    expect(await ids()).toEqual([a, e])
    expect(await operator.purgeAll({ queue: QUEUE })).toBe(2)
    expect(await ids()).toEqual([])
  })
})

describe('a mistake', () => {
  test('is told by its code, without secrets', async () => {
    const none = { code: 'DeadLetterNotFound' }
    await expect(operator.show(QUEUE, 'none')).rejects.toMatchObject(none)
    await expect(operator.replay(QUEUE, 'none')).rejects.toMatchObject(none)
    await expect(operator.purge(QUEUE, 'none')).rejects.toMatchObject(none)
    await expect(operator.list({ queue: 'q.calls' })).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    expect(() => operatorOf(shopSystem, system, 'shop')).toThrow('shop is not a domain')

    const wrong = new URL(system.adminUrl)
    wrong.password = 'hunter2'
    const stranger = operatorOf(shopSystem, system, 'billing', wrong.href)
    const refusal = await stranger.list().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'AccessRefused' })
    expect(String((refusal as Error).stack)).not.toContain('hunter2')

    const { namespace, adminUrl } = system
    const [id = ''] = await bury(system, 'billing', ['1'])
    const lacking = new DeadLetters({ url: adminUrl, system: shopSystem, namespace, domain: 'billing' })
    await expect(lacking.replay(QUEUE, id)).rejects.toThrow('billing, whose password is not given')
    const outdated = new DeadLetters({
      url: adminUrl,
      system: shopSystem,
      namespace,
      domain: 'billing',
      passwords: { billing: 'hunter3' },
    })
    const refused = await outdated.replay(QUEUE, id).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'AccessRefused' })
    expect(String((refused as Error).stack)).not.toContain('hunter3')
    expect(await ids()).toEqual([id])

    const reader = operatorOf(shopSystem, system, 'billing', system.urlFor('billing'))
    await expect(reader.list()).rejects.toMatchObject({ code: 'PermissionNotProvisioned' })
    const nowhere = operatorOf(shopSystem, system, 'billing', 'amqp://a:b@127.0.0.1:1')
    await expect(nowhere.list()).rejects.toMatchObject({ code: 'BrokerUnreachable' })
  })
})
