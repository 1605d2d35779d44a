import { randomBytes } from 'node:crypto'
import { system as contracts } from '@posthorn/contracts'
import { testPasswords } from '@posthorn/rabbitmq/testing'
import { type RunningSystem, type SystemOptions, startSystem } from '../running-system/running-system.ts'

/** The running system on the test run's servers, in vhosts and databases of this file alone. */
export function startE2eSystem(options: Partial<SystemOptions> = {}): Promise<RunningSystem> {
  const { system = contracts, managementUrl = required('POSTHORN_TEST_MANAGEMENT_URL') } = options
  return startSystem({
    amqpUrl: required('POSTHORN_TEST_AMQP_URL'),
    managementUrl,
    databaseUrl: required('POSTHORN_TEST_DATABASE_URL'),
    namespace: `e2e-${randomBytes(4).toString('hex')}`,
    sharedUsers: testPasswords(managementUrl, [...system.domains.keys(), ...system.clients]),
    ...options,
    env: { LOG_LEVEL: 'warn', ...options.env },
  })
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set; run the tests with npm test`)
  return value
}
