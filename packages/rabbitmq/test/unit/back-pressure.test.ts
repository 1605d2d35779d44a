import type { BrokerLink } from '@posthorn/core/transport'
import { expect, test } from 'vitest'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { eventually } from '../support/eventually.ts'
import { frame } from '../support/open-link.ts'
import {
  confirmUpTo,
  connectionBlocked,
  connectionUnblocked,
  scriptedBroker,
} from '../support/scripted-broker.ts'

/* A broker that confirms nothing until it is told to. */

const IN_FLIGHT = 256
const WAITING = 1_000
/** By how much (ms) a busy machine may be late. */
const BUSY = 1_000

async function openLink(port: number): Promise<BrokerLink> {
  const broker = new RabbitMqBroker({ url: `amqp://billing:p@127.0.0.1:${port}`, user: 'billing' })
  const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  return broker.open('billing', events)
}

/** Publishes many at once, and counts how they end. */
function publish(link: BrokerLink, messages: number, body = 'null', deadline = 10_000) {
  const ended: Record<string, number> = {}
  const all = Array.from({ length: messages }, () =>
    link.publish(frame('', 'somewhere', body), deadline).then(
      () => 'confirmed',
      ({ code, outcome }) => `${code} ${outcome}`,
    ),
  ).map(async (publication) => {
    const end = await publication
    ended[end] = (ended[end] ?? 0) + 1
  })
  return { ended, all: Promise.all(all) }
}

test('C18 F14 no more is out than the window holds, no more waits than the queue holds, and the rest is told at once', async () => {
  await using server = await scriptedBroker(() => undefined)
  const link = await openLink(server.port)
  const { ended, all } = publish(link, 3_000)
  await eventually('the window is full', () => server.count('basic.publish') === IN_FLIGHT)
  expect(ended).toEqual({ 'BrokerUnreachable not-executed': 3_000 - IN_FLIGHT - WAITING })

  server.say(confirmUpTo(1, 100))
  await eventually('as many more are out', () => server.count('basic.publish') === IN_FLIGHT + 100)
  await expect(
    eventually('yet more', () => server.count('basic.publish') > IN_FLIGHT + 100, 100),
  ).rejects.toThrow('in vain')
  expect(ended).toMatchObject({ confirmed: 100 })

  await link.close(200)
  await all
  expect(ended).toEqual({
    confirmed: 100,
    'BrokerUnreachable not-executed': 3_000 - IN_FLIGHT - WAITING,
    'ConnectionLost unknown': IN_FLIGHT,
    'PublishFailed not-executed': WAITING - 100,
  })
})

test('C18 no more bytes are out than eight million, however few messages that are', async () => {
  await using server = await scriptedBroker(() => undefined)
  const link = await openLink(server.port)
  const { all } = publish(link, 20, 'x'.repeat(2 ** 20))
  await eventually('eight are out', () => server.count('basic.publish') === 8)
  await expect(eventually('a ninth', () => server.count('basic.publish') > 8, 100)).rejects.toThrow('in vain')
  await link.close(100)
  await all
})

test('C11 a message that would still fit waits behind those that do not', async () => {
  await using server = await scriptedBroker(() => undefined)
  const link = await openLink(server.port)
  const large = publish(link, 9, 'x'.repeat(0.9 * 2 ** 20))
  await eventually('eight are out', () => server.count('basic.publish') === 8)
  const small = publish(link, 1)
  await expect(eventually('another', () => server.count('basic.publish') > 8, 100)).rejects.toThrow('in vain')
  server.say(confirmUpTo(1, 1))
  await eventually('both are out', () => server.count('basic.publish') === 10)
  await link.close(100)
  await Promise.all([large.all, small.all])
})

test('C72 a link that the broker has blocked sends nothing until it is unblocked', async () => {
  await using server = await scriptedBroker(() => undefined)
  const link = await openLink(server.port)
  server.say(connectionBlocked('memory'))
  await eventually('it is blocked', () => link.state === 'blocked')
  const { all } = publish(link, 1)
  await expect(eventually('it is out', () => server.count('basic.publish') > 0, 100)).rejects.toThrow(
    'in vain',
  )
  server.say(connectionUnblocked())
  await eventually('it is out', () => server.count('basic.publish') === 1)
  await link.close(100)
  await all
})

test('C17 each publication has ended by its deadline, with or without the broker', async () => {
  await using server = await scriptedBroker(() => undefined)
  const link = await openLink(server.port)
  const start = performance.now()
  const { ended, all } = publish(link, 500, 'null', 300)
  await all
  expect(performance.now() - start).toBeLessThan(300 + 100 + BUSY)
  expect(ended).toEqual({
    'PublishTimeout unknown': IN_FLIGHT,
    'BrokerUnreachable not-executed': 500 - IN_FLIGHT,
  })
  await link.close(100)
})
