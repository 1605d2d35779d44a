import { expect, test } from 'vitest'
import { decodeBody } from '../../../src/external-bus/json-body.ts'

const decode = (text: string) => decodeBody(Buffer.from(text))

test('a body is the JSON that it holds', () => {
  const value = { text: 'Zażółć 🧺 "\\" [{', list: [1, -0.5, null, true], deep: { er: {} } }
  expect(decode(JSON.stringify(value))).toEqual({ ok: true, value })
})

test('the deepest nesting is allowed, one more is not', () => {
  const nested = (depth: number) => decode('['.repeat(depth) + ']'.repeat(depth))
  expect(nested(32).ok).toBe(true)
  expect(nested(33)).toEqual({ ok: false, fault: 'too-deep' })
})

test('objects and arrays count alike, siblings and brackets in strings do not', () => {
  expect(decode('{"a":'.repeat(33)).ok).toBe(false)
  expect(decode(`[${'[],'.repeat(1_000)}[]]`).ok).toBe(true)
  expect(decode(JSON.stringify(['\\"[[['.repeat(1_000)])).ok).toBe(true)
})

test('B9 half a million levels are refused at once', () => {
  const begun = performance.now()
  expect(decode('['.repeat(500_000))).toEqual({ ok: false, fault: 'too-deep' })
  expect(performance.now() - begun).toBeLessThan(100)
})

test.each([
  '{"__proto__":1}',
  '{"a":[{"__proto__":{"x":1}}]}',
  '{"\\u005f_proto__":1}',
  '{"constructor":{"prototype":{}}}',
])('B9 a key that reaches for a prototype is refused: %s', (text) => {
  expect(decode(text)).toEqual({ ok: false, fault: 'prototype-key' })
})

test.each(['{"constructor":"Smith & Sons"}', '["__proto__"]', '{"a":"\\u005f\\u005fproto__"}'])(
  'what only looks like one is not: %s',
  (text) => {
    expect(decode(text).ok).toBe(true)
  },
)

test.each([
  [[0xff], 'bad-encoding'],
  [[0x22, 0xc0, 0xaf, 0x22], 'bad-encoding'],
  [[0x22, 0xed, 0xa0, 0x80, 0x22], 'bad-encoding'],
  [[0x22, 0xe2, 0x82], 'bad-encoding'],
  [[0xef, 0xbb, 0xbf, 0x31], 'bad-json'],
  [[], 'bad-json'],
] as const)('B8 bytes that are no JSON in UTF-8 are refused: %j', (bytes, fault) => {
  expect(decodeBody(Uint8Array.from(bytes))).toEqual({ ok: false, fault })
})

test.each(['NaN', '{"a":1,}', '1 2', '// 1', "{'a':1}"])('B9 what is nearly JSON is refused: %s', (text) => {
  expect(decode(text)).toEqual({ ok: false, fault: 'bad-json' })
})
