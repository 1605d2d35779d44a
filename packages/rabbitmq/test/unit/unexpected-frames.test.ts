import { type AddressInfo, createServer } from 'node:net'
import type { LinkState } from '@posthorn/core/transport'
import { describe, expect, test } from 'vitest'
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

describe('with the last word of the handshake', () => {
  const alongWithOpenOk = (bytes: Buffer) =>
    linkTo((method) => (method === 'connection.open' ? bytes : undefined))

  test.each([
    ['goodbye', connectionClose(320, 'shutting down')],
    ['that it has failed', connectionClose(541, 'failed')],
    ['what is no AMQP', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0xce])],
    ['what belongs to no channel', channelClose(7, 404, 'which?')],
  ])('a broker that says %s is unreachable', async (_what, bytes) => {
    const { server, open } = await alongWithOpenOk(bytes)
    await using _ = server
    await expect(open()).rejects.toMatchObject({ code: 'BrokerUnreachable', retryable: true })
  })

  test('a broker that says it stops reading is heard', async () => {
    const { server, open } = await alongWithOpenOk(connectionBlocked('low on memory'))
    await using _ = server
    const link = await open()
    expect(link.state).toBe('blocked')
    await link.close(500)
  })
})

test.each([
  ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
  ['another version of AMQP', Buffer.from('AMQP\x00\x01\x00\x00')],
  ['a frame of 4 GiB', Buffer.from([1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0])],
  ['a frame that does not end as it should', Buffer.from([8, 0, 0, 0, 0, 0, 0, 0])],
  ['nonsense', Buffer.alloc(100, 7)],
])('B23 a server that speaks %s is no broker, which is noticed at once', async (_what, bytes) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume().write(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const broker = new RabbitMqBroker({ url: `amqp://billing:p@127.0.0.1:${port}`, user: 'billing' })
  const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const start = performance.now()
  await expect(broker.open('billing', events)).rejects.toMatchObject({ code: 'BrokerUnreachable' })
  expect(performance.now() - start).toBeLessThan(1_000)
  await new Promise((resolve) => server.close(resolve))
})
