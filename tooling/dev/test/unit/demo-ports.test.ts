import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { readDemoPorts } from '../../demo-ports.mjs'
import { freePort } from '../../free-port.mjs'

test.each(['0', '65536', '-1', '1.5', '3e3', '0x10', 'NaN', 'http', '1 2', '٣٠٠١', '9'.repeat(400)])(
  'the port %s is refused by the name of its variable',
  async (text) => {
    for (const name of ['ALLOCATION_PORT', 'NOTIFICATIONS_PORT'])
      await expect(readDemoPorts({ [name]: text })).rejects.toThrow(`${name} must be a port, 1 to 65535.`)
  },
)

test('two services cannot have one port', async () => {
  await expect(readDemoPorts({ ALLOCATION_PORT: '3002' })).rejects.toThrow('are both 3002')
})

test('a port that somebody else has is told with its variable', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const environment = { ALLOCATION_PORT: String(await freePort()), NOTIFICATIONS_PORT: String(port) }
  await expect(readDemoPorts(environment)).rejects.toThrow(
    `Port ${port} is in use; end what listens there, or set NOTIFICATIONS_PORT to another port.`,
  )
  server.close()
})

test('blanks around a port do not count', async () => {
  const [allocation, notifications] = [await freePort(), await freePort()]
  const environment = { ALLOCATION_PORT: ` ${allocation} `, NOTIFICATIONS_PORT: `${notifications}\n` }
  expect(await readDemoPorts(environment)).toEqual({ allocation, notifications })
})
