import { expect, test } from 'vitest'
import { createLogger } from '../../src/logger.ts'

const CANARY = 'canary-4711'

function logged(write: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = []
  write(createLogger('test', 'trace', { write: (line) => void lines.push(line) }))
  return lines.join('')
}

test('no secret and nobody’s address is ever logged', () => {
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
