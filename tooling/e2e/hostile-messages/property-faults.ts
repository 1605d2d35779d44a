import type { FrameProperties } from '@posthorn/core/transport'
import type { Fault } from './fault.ts'

const set =
  (change: FrameProperties) =>
  (valid: FrameProperties): FrameProperties => ({ ...valid, ...change })
const without =
  (name: keyof FrameProperties) =>
  (valid: FrameProperties): FrameProperties => {
    const { [name]: _, ...others } = valid
    return others
  }
const headers = (change: Readonly<Record<string, unknown>>) => (valid: FrameProperties) => ({
  ...valid,
  headers: { ...valid.headers, ...change },
})
const type = (change: (valid: string) => string) => (valid: FrameProperties) => ({
  ...valid,
  type: change(valid.type ?? ''),
})
const table = (depth: number): unknown => (depth === 0 ? 1 : { a: table(depth - 1) })

/** Properties and headers as no good client sends them; some do no harm. */
export const PROPERTY_FAULTS: readonly Fault[] = [
  { what: 'nothing wrong', expected: 'understood' },

  { what: 'no user-id', expected: 'no-user-id', anonymous: true },
  { what: 'no type', expected: 'bad-type', properties: without('type') },
  { what: 'an empty type', expected: 'bad-type', properties: set({ type: '' }) },
  { what: 'a type without version', expected: 'bad-type', properties: type((t) => t.replace(/\.v1$/, '')) },
  { what: 'version 0', expected: 'bad-type', properties: type((t) => t.replace(/\.v1$/, '.v0')) },
  { what: 'version 01', expected: 'bad-type', properties: type((t) => t.replace(/\.v1$/, '.v01')) },
  { what: 'version -1', expected: 'bad-type', properties: type((t) => t.replace(/\.v1$/, '.v-1')) },
  { what: 'version 1000', expected: 'bad-type', properties: type((t) => t.replace(/\.v1$/, '.v1000')) },
  { what: 'version 2', expected: 'unknown-version', properties: type((t) => t.replace(/\.v1$/, '.v2')) },
  { what: 'version 999', expected: 'unknown-version', properties: type((t) => t.replace(/\.v1$/, '.v999')) },
  { what: 'a line feed after the type', expected: 'bad-type', properties: type((t) => `${t}\n`) },
  { what: 'a path for a type', expected: 'bad-type', properties: set({ type: '../../etc/passwd' }) },
  { what: 'a type of 255 bytes', expected: 'bad-type', properties: set({ type: 'x'.repeat(255) }) },
  { what: 'an unheard kind', expected: 'bad-type', properties: type((t) => t.replace(/^\w+/, 'query')) },
  {
    what: 'the kind of a reply',
    expected: 'wrong-kind',
    properties: type((t) => t.replace(/^\w+/, 'reply')),
  },
  {
    what: 'the kind of an error',
    expected: 'wrong-kind',
    properties: type((t) => t.replace(/^\w+/, 'error')),
  },
  {
    what: 'the kind of the other queue',
    expected: 'wrong-kind',
    properties: type((t) =>
      t.startsWith('event') ? t.replace('event', 'command') : t.replace('command', 'event'),
    ),
  },
  {
    what: 'an unheard name',
    expected: 'unknown-message',
    properties: type((t) => t.replace(/\.\w+\./, '.Steal.')),
  },
  {
    what: 'the name __proto__',
    expected: 'bad-type',
    properties: type((t) => t.replace(/\.\w+\./, '.__proto__.')),
  },
  {
    what: 'a name that objects inherit',
    expected: 'bad-type',
    properties: type((t) => t.replace(/\.\w+\./, '.toString.')),
  },
  {
    what: 'another domain',
    expected: 'unknown-message',
    properties: type((t) => t.replace(/:[a-z]+\./, ':payments.')),
  },

  { what: 'no id', expected: 'bad-id', properties: without('messageId') },
  { what: 'an empty id', expected: 'bad-id', properties: set({ messageId: '' }) },
  { what: 'a number for an id', expected: 'bad-id', properties: set({ messageId: '42' }) },
  { what: 'an id of 255 bytes', expected: 'bad-id', properties: set({ messageId: 'f'.repeat(255) }) },
  {
    what: 'an id in capital letters',
    expected: 'bad-id',
    properties: (p) => ({ ...p, messageId: 'ABCDEF00-0000-4000-8000-000000000000' }),
  },
  {
    what: 'an id with a line of a log',
    expected: 'bad-id',
    properties: set({ messageId: '1\r\n{"level":50,"msg":"forged"}' }),
  },
  { what: 'a correlation that is none', expected: 'bad-id', properties: set({ correlationId: 'x' }) },
  { what: 'an empty correlation', expected: 'bad-id', properties: set({ correlationId: '' }) },
  {
    what: 'a cause that is none',
    expected: 'bad-id',
    properties: headers({ 'x-posthorn-causation-id': 'x' }),
  },

  { what: 'no content type', expected: 'bad-content-type', properties: without('contentType') },
  { what: 'an empty content type', expected: 'bad-content-type', properties: set({ contentType: '' }) },
  {
    what: 'another content type',
    expected: 'bad-content-type',
    properties: set({ contentType: 'text/plain' }),
  },
  {
    what: 'a charset',
    expected: 'bad-content-type',
    properties: set({ contentType: 'application/json; charset=utf-16' }),
  },
  { what: 'a compressed body', expected: 'bad-content-type', properties: set({ contentEncoding: 'gzip' }) },
  {
    what: 'an empty content encoding',
    expected: 'bad-content-type',
    properties: set({ contentEncoding: '' }),
  },
  { what: 'the encoding named', expected: 'understood', properties: set({ contentEncoding: 'utf-8' }) },

  { what: 'a time before all time', expected: 'understood', properties: set({ timestamp: 0 }) },
  { what: 'a time after all time', expected: 'understood', properties: set({ timestamp: 2 ** 53 }) },
  {
    what: 'a time that is none',
    expected: 'understood',
    properties: headers({ 'x-posthorn-time': '2025-02-30T25:61:00Z' }),
  },
  {
    what: 'a trace that is none',
    expected: 'understood',
    properties: headers({ traceparent: 'x'.repeat(5_000) }),
  },
  {
    what: 'times and causes of other types',
    expected: 'understood',
    properties: headers({ 'x-posthorn-time': 7, 'x-posthorn-causation-id': { a: 1 }, traceparent: [true] }),
  },
  {
    what: 'a death in a foreign queue',
    expected: 'laundered',
    properties: headers({ 'x-first-death-queue': 'evil.q.trap' }),
  },
  {
    what: 'a later death in a foreign queue',
    expected: 'laundered',
    properties: (p, { queue }) =>
      headers({ 'x-first-death-queue': queue, 'x-death': [{ queue: 'evil.q.trap' }, { queue }] })(p),
  },
  {
    what: 'a story of its deaths that is none',
    expected: 'laundered',
    properties: headers({ 'x-death': 'q.commands' }),
  },
  {
    what: 'a death without a queue',
    expected: 'laundered',
    properties: headers({ 'x-death': [{ count: 5 }] }),
  },
  {
    what: 'a death at home',
    expected: 'understood',
    properties: (p, { queue }) =>
      headers({ 'x-first-death-queue': `${queue}.retry.1s`, 'x-death': [{ queue: `${queue}.retry.1s` }] })(p),
  },
  {
    what: 'the tries of a retry',
    expected: 'understood',
    properties: headers({
      'x-posthorn-attempt': 1e9,
      'x-posthorn-failed-at': '\u0000',
      'x-posthorn-reason': 'attempts-exhausted',
      'x-posthorn-handler': 'x',
    }),
  },
  {
    what: 'tries that are no number',
    expected: 'understood',
    properties: headers({ 'x-posthorn-attempt': 'NaN' }),
  },
  {
    what: 'headers of every type',
    expected: 'understood',
    properties: headers({
      a: true,
      b: null,
      c: [1, 'x', [null]],
      d: 2 ** 40,
      e: -1.5,
      f: Buffer.from([0, 255]),
      g: { '!': 'timestamp', value: 5 },
    }),
  },
  { what: 'tables in tables', expected: 'understood', properties: headers({ deep: table(200) }) },
  {
    what: '1,000 headers',
    expected: 'understood',
    properties: headers(Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`h${n}`, n]))),
  },
  {
    what: 'a header of 60,000 characters',
    expected: 'understood',
    properties: headers({ long: 'x'.repeat(60_000) }),
  },
  {
    what: 'headers with dangerous names',
    expected: 'understood',
    properties: headers(
      JSON.parse('{"__proto__":{"x":1},"constructor":"x","toString":"x","":"x","a\\u0000\\r\\n":"x"}'),
    ),
  },
]
