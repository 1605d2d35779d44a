import { createHash } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { isPassword, testPasswords } from '../../src/testing/test-passwords.ts'
import { testVhosts } from '../../src/testing/test-vhosts.ts'
import { shopSystem } from '../support/shop-system.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** What is at a server's address that may not be RabbitMQ's. */
async function madeAt(listener: RequestListener, deadline: number): Promise<unknown> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const managementUrl = `http://admin:S3cret@127.0.0.1:${port}`
  return testVhosts(shopSystem, { amqpUrl: 'amqp://127.0.0.1', managementUrl, deadline }).catch(
    (error: unknown) => error,
  )
}

const stored = (password: string, algorithm: 'sha256' | 'sha512' | 'md5') => {
  const salt = Buffer.from('salt')
  const hash = createHash(algorithm).update(salt).update(password).digest()
  return {
    password_hash: Buffer.concat([salt, hash]).toString('base64'),
    hashing_algorithm: `rabbit_password_hashing_${algorithm}`,
  }
}

describe('vhosts for tests', () => {
  test('are given up at the deadline by a management API that says nothing', async () => {
    const begun = performance.now()
    expect(await madeAt(() => undefined, 100)).toMatchObject({
      code: 'ManagementFailed',
      message: 'The vhosts of a test were not made within 100 ms',
    })
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test('are not made where a user is somebody else’s, and nothing is touched', async () => {
    const asked: (string | undefined)[] = []
    const error = await madeAt(({ method }, response) => {
      asked.push(method)
      response.end(JSON.stringify(stored('their own', 'sha256')))
    }, 2_000)
    expect(error).toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(/has a user \w+ that is none of these tests'/),
    })
    expect(new Set(asked)).toEqual(new Set(['GET']))
    expect(String(error)).not.toContain('S3cret')
  })
})

describe('the users of tests', () => {
  test('have the same passwords wherever the same broker is administered, each his own', () => {
    const [one, again] = [1, 2].map(() => testPasswords('http://admin:S3cret@localhost:15672', ['a', 'b']))
    expect(one).toEqual(again)
    expect(one?.['a']).not.toBe(one?.['b'])
    expect(testPasswords('http://admin:Other@localhost:15672', ['a'])['a']).not.toBe(one?.['a'])
  })

  test('are known by what RabbitMQ stores of a password', () => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      expect(isPassword('right', stored('right', algorithm))).toBe(true)
      expect(isPassword('wrong', stored('right', algorithm))).toBe(false)
    }
    expect(isPassword('right', stored('right', 'md5'))).toBe(false)
    expect(isPassword('right', { ...stored('right', 'sha256'), password_hash: '' })).toBe(false)
  })
})
