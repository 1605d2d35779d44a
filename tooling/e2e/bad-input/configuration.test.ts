import { expect, test } from 'vitest'
import { startService } from '../../running-system/service-process.ts'

const CANARY = 'canary-4711'
const allocation = {
  DATABASE_URL: `postgres://user:${CANARY}@127.0.0.1:1/allocation`,
  POSTHORN_AMQP_URL: `amqp://allocation:${CANARY}@127.0.0.1:1`,
}

test.concurrent.each([
  [
    'allocation',
    'without anything',
    {},
    /^allocation: The environment does not fit: DATABASE_URL is missing; POSTHORN_AMQP_URL is missing\.$/,
  ],
  [
    'notifications',
    'without anything',
    {},
    /^notifications: .*DATABASE_URL is missing; POSTHORN_AMQP_URL is missing; SMTP_URL is missing\.$/,
  ],
  [
    'allocation',
    'with everything wrong',
    {
      DATABASE_URL: `mysql://user:${CANARY}@host`,
      POSTHORN_AMQP_URL: `amqp://allocation:${CANARY}%zz@host`,
      POSTHORN_NAMESPACE: 'a b',
      LOG_LEVEL: 'loud',
      OUTBOX_CAP: '0',
      ALLOCATION_PORT: '99999',
    },
    /^allocation: .*DATABASE_URL.*POSTHORN_AMQP_URL.*POSTHORN_NAMESPACE.*LOG_LEVEL.*OUTBOX_CAP.*ALLOCATION_PORT/,
  ],
  [
    'allocation',
    'with another’s credentials for the broker',
    { ...allocation, POSTHORN_AMQP_URL: `amqp://guest:${CANARY}@127.0.0.1:1` },
    /^allocation: The broker's URL is for the user guest, but allocation must connect as allocation/,
  ],
  ['allocation', 'without a database', allocation, /^allocation: .*(ECONNREFUSED|refused|reach)/],
])('B18 B20 %s %s says so in one sentence and ends with 1', async (name, _what, env, sentence) => {
  const service = startService({ name, port: 0, env })
  expect(await service.exited).toBe(1)
  expect(service.output().trim()).toMatch(sentence)
  expect(service.output().trim()).not.toContain('\n')
  expect(service.output()).not.toContain(CANARY)
})
