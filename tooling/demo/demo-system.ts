import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCredentials } from '@posthorn/rabbitmq'
import { startSystem } from '../running-system/running-system.ts'
import type { DemoServices } from './demo-services.ts'
import { startInOneProcess } from './in-one-process.ts'
import type { DemoOptions } from './options.ts'

export async function startDemoSystem(
  options: DemoOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<DemoServices> {
  const databaseUrl = env['POSTHORN_DEMO_DATABASE_URL']
  const amqpUrl = env['POSTHORN_DEMO_AMQP_URL']
  const managementUrl = env['POSTHORN_DEMO_MANAGEMENT_URL']
  if (databaseUrl === undefined)
    throw new Error('POSTHORN_DEMO_DATABASE_URL is not set; start the demo with npm start')
  if (amqpUrl === undefined || managementUrl === undefined) return startInOneProcess(options, databaseUrl)

  const ports = { allocation: options.allocationPort, notifications: options.notificationsPort }
  const running = await startSystem({ amqpUrl, managementUrl, databaseUrl, ports })
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-demo-'))
  const credentialsPath = join(folder, 'credentials.json')
  await writeCredentials(credentialsPath, running.broker.passwords)
  return {
    allocationUrl: running.allocation.url,
    notificationsUrl: running.notifications.url,
    databaseUrl,
    brokerUrl: amqpUrl,
    credentialsPath,
    mail: running.mail,
    failed: Promise.race(
      [running.allocation, running.notifications].map(async ({ name, exited, output }) => {
        const code = await exited
        return `The ${name} service ended unexpectedly (${code ?? 'killed'}). Its last words:\n${output().slice(-1_000)}`
      }),
    ),
    stop: async () => {
      try {
        await running.stop()
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}
