import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { ManagementApi } from '../../src/provisioning/management-api.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The API at a server that is not RabbitMQ's. */
async function apiOf(listener: RequestListener): Promise<ManagementApi> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return new ManagementApi(`http://admin:S3cret@127.0.0.1:${port}`, 200)
}

describe('a management API that misbehaves fails by name, and says what was asked of it', () => {
  test.each<[string, RequestListener, boolean, RegExp]>([
    ['says nothing', () => undefined, true, /GET users: .*timeout/],
    [
      'stops in the middle of its answer',
      (_request, response) => void response.writeHead(200).write('[{"name":'),
      true,
      /GET users: .*timeout/,
    ],
    [
      'stops in the middle of a refusal',
      (_request, response) => void response.writeHead(400).write('{"reason":'),
      true,
      /GET users: .*timeout/,
    ],
    [
      'breaks its connection off in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('[')
        setImmediate(() => response.destroy())
      },
      true,
      /GET users: /,
    ],
    [
      'is something else',
      (_request, response) => void response.end('<html>Welcome</html>'),
      false,
      /GET users answered what is no JSON/,
    ],
  ])('when it %s', async (_what, listener, retryable, message) => {
    const api = await apiOf(listener)
    const error: unknown = await api.get('users').catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'ManagementFailed',
      retryable,
      message: expect.stringMatching(message),
    })
    expect(String(error)).not.toContain('S3cret')
  })
})
