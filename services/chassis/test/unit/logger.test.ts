import { expect, test } from 'vitest'
import { createLogger } from '../../src/logger.ts'

const CANARY = 'canary-4711'

function logged(write: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = []
  write(createLogger('test', 'trace', { write: (line) => void lines.push(line) }))
  return lines.join('')
}

test('B18 no secret and nobody’s address is ever logged', () => {
  const failedQuery = Object.assign(
    new Error(`Failed query: insert into watchers\nparams: first,a text\nof two lines ${CANARY}@example.com`),
    { query: 'insert', params: [CANARY], config: { password: CANARY } },
  )
  const text = logged((logger) => {
    logger.info({ url: `amqp://user:${CANARY}@localhost`, password: CANARY }, 'configured')
    logger.info({ mail: { recipient: CANARY, text: CANARY }, headers: { authorization: CANARY } }, 'mail')
    logger.error({ err: new Error(`cannot reach amqp://user:${CANARY}@localhost`) }, 'broker')
    logger.error(
      { err: new Error(`cannot reach postgres://user:a/${CANARY}@b${CANARY}@localhost/db`) },
      'database',
    )
    logger.error({ err: new Error('wrapped', { cause: failedQuery }) }, 'database')
    logger.info({ req: { method: 'GET', url: `/notifications?recipient=${CANARY}` } }, 'request')
  })
  expect(text).not.toContain(CANARY)
  expect(text).toContain('insert into watchers')
  expect(text).toContain('"path":"/notifications"')
})

test('an error keeps what names it, and its causes', () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
  const text = logged((logger) => logger.error({ err: new TypeError('broken', { cause }) }, 'failed'))
  expect(JSON.parse(text)).toMatchObject({
    service: 'test',
    err: { type: 'TypeError', message: 'broken', cause: { code: 'ECONNREFUSED', message: 'refused' } },
  })
})

const HOSTILE = [
  'a\r\n{"level":60,"msg":"forged"}',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u0000\u2028\u2029',
  'x'.repeat(1_000_000),
  'a://b:'.repeat(10_000),
  `\nparams: ${'\n '.repeat(30_000)}`,
]

test.each(HOSTILE)(
  'B19 an event is one line of limited length, and none that a stranger wrote: %#',
  (hostile) => {
    const text = logged((logger) => {
      logger.info({ req: { method: 'GET', url: `/${hostile}?x` } }, 'request')
      logger.warn({ err: Object.assign(new Error(hostile), { code: 'X' }) }, 'failed')
      logger.warn({ err: new Error('wrapped', { cause: new Error(hostile) }) }, 'failed')
      logger.warn({ err: hostile }, 'failed')
    })
    const lines = text.split('\n').slice(0, -1)
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['request', 'failed', 'failed', 'failed'])
    expect(JSON.parse(lines[0] ?? '').req.path.length).toBeLessThanOrEqual(256)
    for (const line of lines) expect(line.length).toBeLessThan(16_384)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/)
  },
)
