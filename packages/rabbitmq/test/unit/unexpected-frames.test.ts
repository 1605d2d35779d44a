import type { LinkState } from '@posthorn/core/transport'
import { expect, test } from 'vitest'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { eventually } from '../support/eventually.ts'
import {
  channelClose,
  connectionBlocked,
  connectionClose,
  connectionUnblocked,
  type Script,
  scriptedBroker,
} from '../support/scripted-broker.ts'

async function linkTo(script: Script) {
  const server = await scriptedBroker(script)
  const states: LinkState[] = []
  const broker = new RabbitMqBroker({ url: `amqp://billing:p@127.0.0.1:${server.port}`, user: 'billing' })
  const open = () =>
    broker.open('billing', {
      onState: (state) => void states.push(state),
      onReply: () => undefined,
      onRepliesLost: () => undefined,
    })
  return { server, states, open }
}

test('a broker that stops reading while the connection is set up leaves it blocked, until it reads again', async () => {
  const { server, states, open } = await linkTo((method) =>
    method === 'confirm.select' ? connectionBlocked('low on memory') : undefined,
  )
  await using _ = server
  const link = await open()
  expect([link.state, states]).toEqual(['blocked', ['blocked']])
  await link.close(500)
})

test('a broker that stops reading and reads again while the connection is set up leaves it up', async () => {
  const { server, states, open } = await linkTo((method) =>
    method === 'confirm.select'
      ? Buffer.concat([connectionBlocked('low on memory'), connectionUnblocked()])
      : undefined,
  )
  await using _ = server
  const link = await open()
  expect([link.state, states]).toEqual(['up', ['up']])
  await link.close(500)
})

test('a consumer whose channel is closed in the packet that grants it is refused, and not left for consuming', async () => {
  const { server, open } = await linkTo((method, channel) =>
    method === 'basic.consume' ? channelClose(channel, 541, 'the leader has moved') : undefined,
  )
  await using _ = server
  const link = await open()
  await expect(link.consume('q.commands', { prefetch: 5 }, () => undefined)).rejects.toMatchObject({
    code: 'BrokerUnreachable',
    retryable: true,
  })
  await link.close(500)
})

test('after a reconnect such a consumer consumes again on another channel', async () => {
  const { server, open } = await linkTo((method, channel, times) =>
    method === 'basic.consume' && times === 2
      ? channelClose(channel, 541, 'the leader has moved')
      : undefined,
  )
  await using _ = server
  const link = await open()
  await link.consume('q.commands', { prefetch: 5 }, () => undefined)
  server.say(connectionClose(320, 'closed by the administrator'))
  await eventually('it is granted again, and once more', () => server.count('basic.consume') === 3)
  await eventually('the link is up', () => link.state === 'up')
  await link.close(500)
})

test('a connection that the broker gives up with the last word of the handshake is unreachable', async () => {
  const { server, open } = await linkTo((method) =>
    method === 'connection.open' ? connectionClose(320, 'shutting down') : undefined,
  )
  await using _ = server
  await expect(open()).rejects.toMatchObject({ code: 'BrokerUnreachable', retryable: true })
})
