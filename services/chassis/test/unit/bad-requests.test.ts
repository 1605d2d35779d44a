import { randomUUID } from 'node:crypto'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { expectProblem } from '../../../../tooling/fixtures/bad-input/expect-problem.ts'
import { answersIn, exchange, requestBytes } from '../../../../tooling/fixtures/bad-input/raw-http.ts'
import { createHttpServer, type Routes } from '../../src/http-server.ts'
import { createLogger } from '../../src/logger.ts'
import { commonProblems } from '../../src/problem.ts'

const CANARY = 'canary-4711'
const response = { 200: z.unknown(), ...commonProblems }
const named = { schema: { params: z.object({ name: z.string().max(64) }), response } }

const routes: Routes = (app, _options, done) => {
  app.get('/things/:name', named, async ({ params: { name } }) => ({ name }))
  app.post('/things', {
    schema: {
      headers: z.object({ 'idempotency-key': z.uuid().optional() }),
      querystring: z.object({ q: z.string().max(3).optional() }),
      body: z.object({ n: z.int() }),
      response,
    },
    handler: async ({ body }) => body,
  })
  done()
}

let http: FastifyInstance
let port: number
const logged: string[] = []

beforeAll(async () => {
  http = await createHttpServer({
    title: 'Test',
    description: '',
    logger: createLogger('test', 'trace', { write: (line) => void logged.push(line) }),
    statuses: {},
    routes: [routes],
    overloaded: () => false,
  })
  await http.listen({ host: '127.0.0.1', port: 0 })
  port = (http.server.address() as AddressInfo).port
})
afterAll(() => http?.close())

const json = ['Content-Type', 'application/json'] as const
const post = (body: string | Uint8Array, ...headers: (readonly [string, string])[]) =>
  requestBytes({ method: 'POST', path: '/things', headers, body })
const head = (...lines: string[]) => [...lines, '', ''].join('\r\n')
const chunked = (...rest: string[]) =>
  [
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Type: application/json', 'Transfer-Encoding: chunked'),
    ...rest,
  ].join('')

type Row = readonly [what: string, bytes: string | Uint8Array, status: number, code: string]

const bad: readonly Row[] = [
  ['a path with %zz', requestBytes({ path: '/things/%zz' }), 400, 'MalformedRequest'],
  ['a path with a lone %', requestBytes({ path: '/things/%' }), 400, 'MalformedRequest'],
  ['a path in Latin-1', requestBytes({ path: '/things/%e4' }), 400, 'MalformedRequest'],
  ['a path with an overlong code', requestBytes({ path: '/things/%c0%af' }), 400, 'MalformedRequest'],
  ['a path with a surrogate', requestBytes({ path: `/things/%ed%a0%80${CANARY}` }), 400, 'MalformedRequest'],
  ['a parameter of 769', requestBytes({ path: `/things/${'x'.repeat(769)}` }), 414, 'UriTooLong'],
  ['a path of 7,000 on no route', requestBytes({ path: `/${'x'.repeat(7_000)}` }), 404, 'NotFound'],
  ['a path of 9,000', requestBytes({ path: `/things/${'x'.repeat(9_000)}` }), 431, 'HeaderTooLarge'],
  ['an unknown path', requestBytes({ path: `/${CANARY}%0d%0a` }), 404, 'NotFound'],
  ['a path that climbs', requestBytes({ path: '/things/../../etc/passwd' }), 404, 'NotFound'],
  ['raw UTF-8 in a path', requestBytes({ path: '/things/ä' }), 400, 'MalformedRequest'],
  ['an unknown method', requestBytes({ method: 'BREW' }), 400, 'MalformedRequest'],
  ['a method in lower case', requestBytes({ method: 'get' }), 400, 'MalformedRequest'],
  ['a method of WebDAV', requestBytes({ method: 'PROPFIND', path: '/things/a' }), 404, 'NotFound'],
  ['a method without a route', requestBytes({ method: 'PUT', path: '/things/a' }), 405, 'MethodNotAllowed'],
  ['TRACE', requestBytes({ method: 'TRACE', path: '/things' }), 405, 'MethodNotAllowed'],
  ['no Host', head('GET /things/a HTTP/1.1', 'Connection: close'), 400, 'MalformedRequest'],
  ['HTTP/3.0', head('GET / HTTP/3.0', 'Host: a'), 400, 'MalformedRequest'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'MalformedRequest'],
  ['TLS', Buffer.from('160301020001000001fc0303', 'hex'), 400, 'MalformedRequest'],
  ['noise', Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 151) % 256)), 400, 'MalformedRequest'],
  ['another protocol', `EHLO ${CANARY}\r\n`, 400, 'MalformedRequest'],
  ['a header without a colon', head('GET / HTTP/1.1', 'Host: a', CANARY), 400, 'MalformedRequest'],
  ['a header with a NUL', head('GET / HTTP/1.1', 'Host: a', 'X: a\0b'), 400, 'MalformedRequest'],
  ['a header with a bare CR', head('GET / HTTP/1.1', 'Host: a', 'X: a\rb'), 400, 'MalformedRequest'],
  ['a folded header', head('GET / HTTP/1.1', 'Host: a', 'X: a', ' b'), 400, 'MalformedRequest'],
  ['blanks before a colon', head('GET / HTTP/1.1', 'Host : a', 'Connection: close'), 400, 'MalformedRequest'],
  [
    'an Idempotency-Key of 1 MB',
    post('{"n":1}', json, ['Idempotency-Key', 'k'.repeat(2 ** 20)]),
    431,
    'HeaderTooLarge',
  ],
  ['a body with __proto__', post('{"n":1,"__proto__":{"x":1}}', json), 400, 'MalformedRequest'],
  ['a body with NaN', post('{"n":NaN}', json), 400, 'MalformedRequest'],
  ['a header of 9 KB', requestBytes({ headers: [['X', CANARY.repeat(900)]] }), 431, 'HeaderTooLarge'],
  [
    'two thousand headers',
    requestBytes({ headers: Array.from({ length: 2_000 }, (_, i) => [`X-${i}`, 'y'] as const) }),
    431,
    'HeaderTooLarge',
  ],
  ['another expectation', requestBytes({ headers: [['Expect', CANARY]] }), 417, 'ExpectationFailed'],
  [
    'two lengths',
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2'),
    400,
    'MalformedRequest',
  ],
  [
    'a length that is none',
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Length: many'),
    400,
    'MalformedRequest',
  ],
  [
    'a negative length',
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Length: -1'),
    400,
    'MalformedRequest',
  ],
  [
    'a length beyond 2^64',
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Length: 99999999999999999999'),
    400,
    'MalformedRequest',
  ],
  [
    'a length and chunks',
    head('POST /things HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    400,
    'MalformedRequest',
  ],
  [
    'chunks inside another coding',
    head('POST /things HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked, gzip'),
    400,
    'MalformedRequest',
  ],
  ['a chunk size that is none', chunked('zz\r\n'), 400, 'MalformedRequest'],
  ['a chunk longer than it says', chunked('1\r\n{}\r\n'), 400, 'MalformedRequest'],
  ['a chunk size beyond 2^64', chunked('fffffffffffffffff\r\n'), 400, 'MalformedRequest'],
  ['a chunk with 20 KB of extensions', chunked(`1;${'x'.repeat(20_000)}\r\n`), 413, 'PayloadTooLarge'],
  [
    'chunks beyond the limit',
    chunked(`11000\r\n"${'x'.repeat(0x11000 - 2)}"\r\n0\r\n\r\n`),
    413,
    'PayloadTooLarge',
  ],
  ['a body beyond the limit', post(`"${'x'.repeat(1_000_000)}"`, json), 413, 'PayloadTooLarge'],
  ['two content types', post('{"n":1}', ['Content-Type', 'text/plain'], json), 415, 'UnsupportedMediaType'],
  [
    'a compressed body',
    post(gzipSync('{"n":1}'), json, ['Content-Encoding', 'gzip']),
    415,
    'UnsupportedMediaType',
  ],
  ['a body without a type', post('{"n":1}'), 415, 'UnsupportedMediaType'],
]

/** The answer to what should have one. */
async function answerTo(bytes: string | Uint8Array, hangUp = false) {
  const [answer] = answersIn(await exchange(port, bytes, hangUp))
  if (answer === undefined) throw new Error('There was no answer')
  return answer
}

test.each(bad)('B21 %s is answered with a problem', async (what, bytes, status, code) => {
  const answer = await answerTo(bytes)
  expectProblem(answer, { status, code }, what)
  expect(JSON.stringify(answer)).not.toContain(CANARY)
  expect((await fetch(`http://127.0.0.1:${port}/things/a`)).status).toBe(200)
})

test('a method without a route is told which there are', async () => {
  const { headers } = await http.inject({ method: 'DELETE', url: '/things/a' })
  expect(headers.allow).toBe('GET, HEAD')
})

test('B14 a request names every field at fault, in whatever part of it', async () => {
  const headers = [json, ['Idempotency-Key', 'mine']] as const
  const request = { method: 'POST', path: '/things?q=long', headers, body: '{"n": 0.5}' }
  const fields = ['idempotency-key', 'n', 'q']
  const answer = await answerTo(requestBytes(request))
  expectProblem(answer, { status: 400, code: 'ValidationFailed', fields }, 'every part')
})

test('B21 two Idempotency-Keys are none', async () => {
  const keys = [randomUUID(), randomUUID()].map((key) => ['Idempotency-Key', key] as const)
  const answer = await answerTo(post('{"n":1}', json, ...keys))
  expectProblem(answer, { status: 400, code: 'ValidationFailed', fields: ['idempotency-key'] }, 'two keys')
})

describe('a body that is shorter than it says', () => {
  const half = `${head('POST /things HTTP/1.1', 'Host: a', 'Content-Type: application/json', 'Content-Length: 9')}{"n"`

  test('is answered when the client hangs up', async () => {
    expectProblem(await answerTo(half, true), { status: 400, code: 'MalformedRequest' }, 'half a body')
  })

  test('B21 is answered when the time for it is over', async () => {
    const { headersTimeout, requestTimeout } = http.server
    Object.assign(http.server, { headersTimeout: 50, requestTimeout: 100 })
    const answer = await answerTo(half)
    Object.assign(http.server, { headersTimeout, requestTimeout })
    expectProblem(answer, { status: 408, code: 'RequestTimeout' }, 'half a body')
  })
})

test('B21 a head that comes byte by byte is answered when the time for it is over', async () => {
  const { headersTimeout, requestTimeout } = http.server
  Object.assign(http.server, { headersTimeout: 100, requestTimeout: 200 })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const bytes = [...head('GET /things/a HTTP/1.1', 'Host: a', `X: ${'y'.repeat(10_000)}`)]
  const drip = setInterval(() => socket.write(bytes.shift() ?? ''), 5)
  await closed
  clearInterval(drip)
  Object.assign(http.server, { headersTimeout, requestTimeout })
  expect(received).toMatch(/^HTTP\/1\.1 408 /)
  expect(bytes.length).toBeGreaterThan(9_000)
})

test('B21 sockets that say nothing hold up nobody, and those beyond the limit are closed', async () => {
  const { maxConnections } = http.server
  const sockets = Array.from({ length: 500 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  expect((await fetch(`http://127.0.0.1:${port}/things/a`)).status).toBe(200)

  http.server.maxConnections = 100
  const refused = connect(port, '127.0.0.1').on('error', () => undefined)
  await new Promise((resolve) => refused.once('close', resolve))
  for (const socket of sockets) socket.destroy()
  http.server.maxConnections = maxConnections
  expect((await fetch(`http://127.0.0.1:${port}/things/a`)).status).toBe(200)
})

test('a body that is longer than it says is one request, and then none', async () => {
  const request = head(
    'POST /things HTTP/1.1',
    'Host: a',
    'Content-Type: application/json',
    'Content-Length: 7',
  )
  const answers = answersIn(await exchange(port, `${request}{"n":1}{"n":2}\r\n\r\n`))
  expect(answers.map(({ status }) => status)).toEqual([200, 400])
})

test('B21 a body without an end is not read for long', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write(chunked())
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  for (let sent = 0; sent < 100_000_000 && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  await closed
  expect(received).toMatch(/^HTTP\/1\.1 413 /)
  expect(socket.bytesWritten).toBeLessThan(20_000_000)
})

test('B19 each record of the log is one line of JSON, whatever was sent', async () => {
  await exchange(
    port,
    requestBytes({ path: '/things/%0d%0a%7b%22level%22:60%7d?a=%0a', headers: [['X', 'a']] }),
  )
  expect(logged.length).toBeGreaterThan(0)
  for (const record of logged) {
    expect(record).toMatch(/^[^\r\n]*\n$/)
    expect(JSON.parse(record)).toMatchObject({ service: 'test' })
  }
})
