import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningSystem } from '../../running-system/running-system.ts'
import { startService } from '../../running-system/service-process.ts'
import { startE2eSystem } from '../e2e-system.ts'
import {
  type DeployedService,
  deployService,
  expectedUser,
  innerProcess,
  userOf,
} from './deployed-service.ts'
import { readImage } from './image.ts'
import { type ServiceDatabases, serviceDatabases } from './service-databases.ts'

const names = ['allocation', 'notifications'] as const
const images = { allocation: readImage('allocation'), notifications: readImage('notifications') }

let folder: string
let databases: ServiceDatabases
let system: RunningSystem
let deployed: Record<(typeof names)[number], DeployedService>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthorn-deployed-'))
  await chmod(folder, 0o755)
  deployed = {
    allocation: await deployService('allocation', join(folder, 'allocation'), images.allocation),
    notifications: await deployService('notifications', join(folder, 'notifications'), images.notifications),
  }
  databases = await serviceDatabases(process.env.POSTHORN_TEST_DATABASE_URL ?? '')
  system = await startE2eSystem({
    start: (options) => {
      const name = options.name as (typeof names)[number]
      const own = { HOST: '127.0.0.1', DATABASE_URL: databases.url(name) }
      const env = { ...images[name].environment, ...options.env, ...own }
      return startService({ ...options, env, command: deployed[name] })
    },
  })
}, 180_000)

afterAll(async () => {
  await system?.stop()
  await databases?.drop()
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

test.each(names)('the image of %s holds its production files and nothing else', async (name) => {
  expect((await readdir(deployed[name].folder)).filter((file) => !file.startsWith('pnpm-')).sort()).toEqual(
    ['dist', 'migrations', 'node', 'node_modules', 'package.json'].sort(),
  )
  const installed = await readdir(join(deployed[name].folder, 'node_modules/.pnpm'))
  expect(installed.some((one) => one.startsWith('fastify@'))).toBe(true)
  expect(installed.filter((one) => /^(typescript|vitest|drizzle-kit|turbo)@/.test(one))).toEqual([])
})

test.each(names)('%s runs as the user of its image, and is healthy and ready', async (name) => {
  expect(await userOf(innerProcess(system[name].pid))).toBe(expectedUser(images[name]))
  const port = new URL(system[name].url).port
  expect(await deployed[name].isHealthy({ [`${name.toUpperCase()}_PORT`]: port })).toBe(true)
  for (const path of ['live', 'ready']) {
    const response = await fetch(`${system[name].url}/health/${path}`)
    expect([response.status, await response.json()]).toMatchObject([200, { status: path }])
  }
})

test('a health check finds a service that is not there', async () => {
  expect(await deployed.allocation.isHealthy({ ALLOCATION_PORT: '9' })).toBe(false)
})

test('a service cannot enter the database of the other', async () => {
  const sql = postgres(databases.url('allocation', 'notifications'), { max: 1, fetch_types: false })
  await expect(sql`select 1`).rejects.toMatchObject({ code: '42501' })
  await sql.end()
})

test('what is deployed does its work, from one service to the other', async () => {
  const post = (path: string, body: object) =>
    fetch(`${system.allocation.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await post('/batches', { ref: 'b1', sku: 'LAMP', qty: 1 })).status).toBe(201)
  expect((await post('/allocations', { orderId: 'o1', sku: 'LAMP', qty: 2 })).status).toBe(202)
  await system.mail.waitFor(1, ({ subject }) => subject === 'Out of stock for LAMP')
})

test.each(names)(
  '%s ends in good order on SIGTERM, as process 1',
  async (name) => {
    process.kill(innerProcess(system[name].pid), 'SIGTERM')
    expect(await system[name].exited).toBe(0)
  },
  40_000,
)
