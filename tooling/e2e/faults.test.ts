import { testPasswords } from '@posthorn/rabbitmq/testing'
import { expect, test } from 'vitest'
import { printReport } from '../faults/print-report.ts'
import { type RunOptions, run } from '../faults/run.ts'
import { verdictOf } from '../faults/verdict.ts'
import { observedSystem } from '../running-system/observed-system.ts'

/** Servers of its own, all kinds of faults. */
const LONG = { seconds: 300 }

/** What can be done to servers that others use too, and is over soon. */
const SHORT = {
  seconds: 5,
  workers: 6,
  kinds: [
    'allocation killed',
    'connections closed by the broker',
    'channels closed by the broker',
    'Postgres sessions terminated',
    'link slow',
    'link in crumbs',
    'link cut after some bytes',
    'link refused',
    'connections reset',
    'mails refused for now',
    'mail server away',
  ],
  pauses: [300, 2_000],
  // Whoever dies while he sends a mail keeps others from sending it for a minute.
  victims: ['allocation'],
} as const

const full = process.env.POSTHORN_TEST_FULL === '1'

test(`F25 nothing is lost, and nothing done twice, whatever happens for ${full ? 'five minutes' : 'some seconds'}`, async () => {
  const options = full ? LONG : { ...SHORT, servers: sharedServers() }
  const log: string[] = []
  const seed = Date.now() % 1_000_000
  const report = await run({ ...options, seed, log: (line) => void log.push(line) })
  const { exitCode, text } = verdictOf(report)
  if (exitCode !== 0) console.log(log.join('\n'))
  if (exitCode !== 0 || full) printReport(report)
  expect(exitCode, text).toBe(0)
}, 1_800_000)

function sharedServers(): NonNullable<RunOptions['servers']> {
  const managementUrl = required('POSTHORN_TEST_MANAGEMENT_URL')
  return {
    amqpUrl: required('POSTHORN_TEST_AMQP_URL'),
    managementUrl,
    databaseUrl: required('POSTHORN_TEST_DATABASE_URL'),
    sharedUsers: testPasswords(managementUrl, [...observedSystem.domains.keys(), ...observedSystem.clients]),
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set; run the tests with npm test`)
  return value
}
