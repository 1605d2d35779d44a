import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { certificateAuthority } from '../../../../tooling/fixtures/certificate-authority.ts'
import {
  ConfigurationError,
  portVariable,
  readEnvironment,
  serviceVariables,
  tlsOptions,
} from '../../src/environment.ts'

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
    OTEL_SDK_DISABLED: 'false',
    OUTBOX_CAP: 10_000,
    PORT: 3001,
    STOP_SECONDS: 25,
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

describe('certificates', () => {
  const authority = certificateAuthority('Authority')
  const { cert, key } = authority.issue({ name: 'allocation' })
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'posthorn-pem-'))
    for (const [name, text] of Object.entries({ ca: authority.ca, cert, key, hidden: 'no PEM' }))
      writeFileSync(join(folder, name), text)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('are read from the files that variables name, for each connection by itself', () => {
    const given = readEnvironment(schema, {
      ...complete,
      DATABASE_CA: join(folder, 'ca'),
      POSTHORN_AMQP_CERT: join(folder, 'cert'),
      POSTHORN_AMQP_KEY: join(folder, 'key'),
    })
    expect(tlsOptions('DATABASE', given)).toEqual({ tls: { ca: authority.ca } })
    expect(tlsOptions('POSTHORN_AMQP', given)).toEqual({ tls: { cert, key } })
    expect(tlsOptions('DATABASE', readEnvironment(schema, complete))).toEqual({})
  })

  test('that cannot be read, or are none, are told by the variable’s name alone', () => {
    for (const name of ['missing', 'hidden', '.']) {
      const load = () => readEnvironment(schema, { ...complete, DATABASE_KEY: join(folder, name) })
      expect(load).toThrow('DATABASE_KEY is not valid: must be the path of a PEM file that can be read')
      expect(load).not.toThrow(/hidden|posthorn-pem/)
    }
  })

  test('come with their keys', () => {
    expect(() => tlsOptions('POSTHORN_AMQP', { POSTHORN_AMQP_CERT: cert })).toThrow(
      'POSTHORN_AMQP_CERT and POSTHORN_AMQP_KEY are given together or not at all',
    )
  })
})
