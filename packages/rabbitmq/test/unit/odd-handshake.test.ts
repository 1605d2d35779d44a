import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'

/** `connection.start` with PLAIN and en_US. */
const START = Buffer.from('0100000000001c000a000a00090000000000000005504c41494e00000005656e5f5553ce', 'hex')
/** `connection.tune` for 2,047 channels and frames of 10 bytes, without heartbeats. */
const TUNE = Buffer.from('0100000000000c000a001e07ff0000000a0000ce', 'hex')

test('B23 a broker that takes frames of ten bytes at most is refused, within a second', async () => {
  const answers = [START, TUNE]
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      const answer = answers.shift()
      if (answer !== undefined) socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const broker = new RabbitMqBroker({ url: `amqp://billing:p@127.0.0.1:${port}`, user: 'billing' })
  const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const start = performance.now()
  await expect(broker.open('billing', events)).rejects.toMatchObject({
    code: 'BrokerUnreachable',
    message: expect.stringContaining('frameMax 10'),
  })
  expect(performance.now() - start).toBeLessThan(1_000)
  await new Promise((resolve) => server.close(resolve))
})
