import { expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigurationError, portVariable, readEnvironment, serviceVariables } from '../../src/environment.ts'

const schema = z.object({ ...serviceVariables, PORT: portVariable(3001) })
const complete = {
  DATABASE_URL: 'postgres://user:hidden@localhost/allocation',
  POSTHORN_AMQP_URL: 'amqp://allocation:hidden@localhost',
}

test('what is not given takes its standard', () => {
  expect(readEnvironment(schema, complete)).toEqual({
    ...complete,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    OUTBOX_CAP: 10_000,
    PORT: 3001,
  })
})

test('what is given counts, and nothing else is taken over', () => {
  const given = readEnvironment(schema, { ...complete, PORT: '0', OUTBOX_CAP: '5', HOME: '/somewhere' })
  expect(given).toMatchObject({ PORT: 0, OUTBOX_CAP: 5 })
  expect(given).not.toHaveProperty('HOME')
})

test('one sentence names every variable at fault, and never a value', () => {
  const load = () =>
    readEnvironment(schema, {
      DATABASE_URL: 'mysql://user:hidden@localhost',
      POSTHORN_AMQP_URL: '',
      PORT: '99999',
    })
  expect(load).toThrow(ConfigurationError)
  expect(load).toThrow(/^The environment does not fit: .*\.$/)
  for (const text of [
    'DATABASE_URL is not valid: must be a URL that begins with postgres:// or postgresql://',
    'POSTHORN_AMQP_URL is missing',
    'PORT is not valid',
  ]) {
    expect(load).toThrow(text)
  }
  expect(load).not.toThrow(/hidden/)
})
