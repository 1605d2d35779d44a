import type { Expected, Fault } from './fault.ts'

const body = (what: string, expected: Expected, change: (valid: string) => string | Uint8Array): Fault => ({
  what: `a body ${what}`,
  expected,
  body: change,
})
const instead = (text: string | Uint8Array) => () => text
const extra = (member: string) => (valid: string) => `${valid.slice(0, -1)},${member}}`
/** Bodies as no good client sends them; some do no harm. */
export const BODY_FAULTS: readonly Fault[] = [
  body('that is empty', 'bad-json', instead('')),
  body('of blanks', 'bad-json', instead(' \n ')),
  body('of NUL', 'bad-json', instead(Buffer.alloc(10))),
  body('cut off', 'bad-json', (valid) => valid.slice(0, -1)),
  body('with something behind it', 'bad-json', (valid) => `${valid} x`),
  body('twice', 'bad-json', (valid) => valid + valid),
  body('with a comment', 'bad-json', (valid) => `/* */${valid}`),
  body('in single quotes', 'bad-json', (valid) => valid.replaceAll('"', "'")),
  body('with NaN', 'bad-json', extra('"x":NaN')),
  body('with a number in hexadecimal', 'bad-json', extra('"x":0x10')),
  body('with a bare line feed in a text', 'bad-json', extra('"x":"\r\n"')),
  body('after a byte order mark', 'bad-json', (valid) => `\ufeff${valid}`),
  body('in UTF-16', 'bad-json', (valid) => Buffer.from(valid, 'utf16le')),
  body('with bytes that are no UTF-8', 'bad-encoding', instead(Buffer.from('{"x":"\xff\xfe"}', 'latin1'))),
  body('with an overlong form', 'bad-encoding', instead(Buffer.from('{"x":"\xc0\x80"}', 'latin1'))),
  body(
    'with half a character in UTF-8',
    'bad-encoding',
    instead(Buffer.from('{"x":"\xed\xa0\x80"}', 'latin1')),
  ),
  body('cut off within a character', 'bad-encoding', instead(Buffer.from('{"x":"\xf0\x9f', 'latin1'))),
  ...['null', 'true', '7', '"text"', '[]', '[{}]'].map((json) =>
    body(`that is ${json}`, 'invalid-payload', instead(json)),
  ),
  body('without members', 'invalid-payload', instead('{}')),
  body('of 10,000 nested arrays', 'too-deep', instead('['.repeat(10_000) + ']'.repeat(10_000))),
  body('of 10,000 nested objects', 'too-deep', instead('{"a":'.repeat(10_000))),
  body('with 33 levels in a member', 'too-deep', extra(`"x":${'['.repeat(32)}${']'.repeat(32)}`)),
  body('with 32 levels in a member', 'understood', extra(`"x":${'['.repeat(31)}${']'.repeat(31)}`)),
  body('with brackets in a text', 'understood', extra(`"x":"${'['.repeat(1_000)}\\""`)),
  body('with the key __proto__', 'prototype-key', extra('"__proto__":{"sku":"x"}')),
  body('with the key __proto__ in escapes', 'prototype-key', extra('"\\u005f_proto__":1')),
  body('with a constructor’s prototype', 'prototype-key', extra('"constructor":{"prototype":{"x":1}}')),
  body('with a constructor that is none', 'understood', extra('"constructor":1,"toString":2')),
  body('with members nobody knows', 'understood', extra('"gift":true,"":null')),
  body(
    'with all members twice',
    'understood',
    (valid) => `${valid.replace(/:("[^"]*"|\d+|\[])/g, ':null').slice(0, -1)},${valid.slice(1)}`,
  ),
  body(
    'with 90,000 members',
    'understood',
    extra(Array.from({ length: 90_000 }, (_, n) => `"${n}":0`).join(',')),
  ),
  body('with a number of 100,000 digits', 'understood', extra(`"x":${'9'.repeat(100_000)}`)),
  body('with a text of a million characters', 'understood', extra(`"x":"${'é'.repeat(500_000)}"`)),
  body('of exactly 1 MiB', 'understood', (valid) => valid + ' '.repeat(2 ** 20 - valid.length)),
]
