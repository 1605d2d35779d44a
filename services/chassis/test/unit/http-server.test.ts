import { PosthornError, ValidationFailed } from '@posthorn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createHttpServer, type Routes } from '../../src/http-server.ts'
import { createLogger } from '../../src/logger.ts'
import { commonProblems } from '../../src/problem.ts'

const failures: Readonly<Record<string, () => unknown>> = {
  bug: () => new TypeError('secret detail'),
  database: () => new PosthornError('AcquireTimeout', 'secret detail', { retryable: true }),
  view: () => new Error('Failed query: secret', { cause: failures.database?.() }),
  payload: () => new ValidationFailed('payload of x', [{ path: 'lines[0].sku', message: 'is missing' }]),
}

const routes: Routes = (app, _options, done) => {
  app.get('/fail/:how', async (request) => {
    throw failures[(request.params as { how: string }).how]?.()
  })
  app.post('/echo', {
    schema: {
      body: z.object({ a: z.object({ b: z.int() }) }),
      response: { 200: z.unknown(), ...commonProblems },
    },
    handler: async (request) => request.body,
  })
  done()
}

const server = (overloaded = false) =>
  createHttpServer({
    title: 'Test',
    description: '',
    logger: createLogger('test', 'silent'),
    statuses: {},
    routes: [routes],
    overloaded: () => overloaded,
  })

const post = async (payload: string, contentType = 'application/json', overloaded = false) => {
  const http = await server(overloaded)
  const response = await http.inject({
    method: 'POST',
    url: '/echo',
    headers: { 'content-type': contentType },
    payload,
  })
  return { status: response.statusCode, headers: response.headers, body: response.json() }
}

test.each([
  ['malformed JSON', '{', 'application/json', 400, 'MalformedRequest'],
  ['no JSON at all', '', 'application/json', 400, 'MalformedRequest'],
  ['another content type', 'a', 'application/xml', 415, 'UnsupportedMediaType'],
  ['a prototype key', '{"__proto__": {"x": 1}}', 'application/json', 400, 'MalformedRequest'],
  ['too large a body', `"${'x'.repeat(66_000)}"`, 'application/json', 413, 'PayloadTooLarge'],
  ['a wrong type', '{"a": {"b": "1"}}', 'application/json', 400, 'ValidationFailed'],
])('%s is a problem of the request', async (_what, payload, contentType, status, code) => {
  const { body, headers, ...answer } = await post(payload, contentType)
  expect([answer.status, body.code]).toEqual([status, code])
  expect(headers['content-type']).toContain('application/problem+json')
})

test.each([
  ['{', 'The body is not valid JSON.'],
  ['', 'The body is empty; JSON was announced.'],
  ['\uFEFF{}', 'The body begins with a byte order mark.'],
  ['{"__proto__": {}}', 'The body has a key that reaches for a prototype.'],
  ['{"constructor": {"prototype": {}}}', 'The body has a key that reaches for a prototype.'],
])('the body %j is told what is wrong with it', async (payload, detail) => {
  expect((await post(payload)).body.detail).toBe(detail)
})

test('B14 a fault is named with its path', async () => {
  expect((await post('{"a": {"b": "1"}}')).body.errors).toMatchObject([{ path: 'a.b' }])
  expect((await (await server()).inject('/fail/payload')).json()).toMatchObject({
    status: 400,
    errors: [{ path: 'lines[0].sku', message: 'is missing' }],
  })
})

test('B18 an unexpected error leaves as an id, without its text', async () => {
  const response = await (await server()).inject('/fail/bug')
  expect(response.json()).toMatchObject({ status: 500, code: 'InternalError', errorId: expect.any(String) })
  expect(response.body).not.toContain('secret')
})

test.each(['database', 'view'])('F21 what may succeed later is 503 with Retry-After: %s', async (how) => {
  const response = await (await server()).inject(`/fail/${how}`)
  expect(response.json()).toMatchObject({ status: 503, code: 'AcquireTimeout' })
  expect(response.headers['retry-after']).toBe('1')
  expect(response.body).not.toContain('secret')
})

test('overload refuses what writes, and still answers what reads', async () => {
  const { status, headers, body } = await post('{"a": {"b": 1}}', 'application/json', true)
  expect([status, headers['retry-after'], body.code]).toEqual([503, '1', 'Overloaded'])
  expect((await (await server(true)).inject('/docs/json')).statusCode).toBe(200)
})

test('there is nothing at an unknown path', async () => {
  expect((await (await server()).inject('/nowhere')).json()).toMatchObject({ status: 404, code: 'NotFound' })
})

test('OpenAPI 3.1 declares the problems of a route', async () => {
  const document = (await (await server()).inject('/docs/json')).json()
  expect(document.openapi).toBe('3.1.0')
  expect(document.info.description).toMatch(/405, 408, 414, 417 and 431\.$/)
  expect(document.paths['/echo'].post.responses['400'].content).toHaveProperty(['application/problem+json'])
})
