import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tutorialPages } from '../../checks/tutorial.mjs'
import { projectFiles } from '../../checks/workspace.mjs'
import { provideRabbitMq } from '../../dev/provide-rabbitmq.mjs'
import { type FreshDatabase, freshDatabase } from '../../fixtures/postgres.ts'
import { type LocalRegistry, startLocalRegistry } from '../publishing/local-registry.ts'
import { release } from '../publishing/release.ts'
import { type Reader, reader } from './reader.ts'

const pages = projectFiles(tutorialPages).map((page) => ({ name: basename(page.path), page }))

/** A broker of its own: the tutorial makes users, whose names and passwords other tests have too. */
let broker: NonNullable<Awaited<ReturnType<typeof provideRabbitMq>>>
let databases: readonly FreshDatabase[] = []
let registry: LocalRegistry
let folder: string
let somebody: Reader

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthorn-tutorial-'))
  const starting = startBroker()
  const [allocation, notifications] = await Promise.all([freshDatabase(), freshDatabase()])
  databases = [allocation, notifications]
  registry = await startLocalRegistry(folder)
  await mkdir(join(folder, 'workspace'))
  await release(join(folder, 'workspace'), registry.url, registry.token)
  broker = await starting

  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, '.npmrc'), `@posthorn:registry=${registry.url}\naudit=false\nfund=false\n`)
  somebody = reader(project, {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    ALLOCATION_DATABASE_URL: allocation.url,
    NOTIFICATIONS_DATABASE_URL: notifications.url,
    AMQP_URL: `amqp://${new URL(broker.amqpUrl).host}`,
    MANAGEMENT_URL: broker.managementUrl,
  })
}, 180_000)

afterAll(async () => {
  somebody?.end()
  await broker?.stop()
  for (const database of databases) await database.dispose()
  await registry?.stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

async function startBroker() {
  const only = process.env.POSTHORN_RABBITMQ || undefined
  const started = await provideRabbitMq({
    log: () => undefined,
    ...(only === undefined ? {} : { only }),
  })
  if (started === undefined) throw new Error('No RabbitMQ can be started on this machine')
  return started
}

test.each(pages)(
  'the commands of tutorial page $name print what it says they print',
  async ({ page }) => {
    await somebody.read(page)
  },
  300_000,
)

test('what the reader has of Posthorn in the end is what was released', async () => {
  const lock = JSON.parse(await readFile(join(folder, 'project/package-lock.json'), 'utf8'))
  const own = Object.entries<{ integrity: string }>(lock.packages).flatMap(([path, { integrity }]) =>
    path.startsWith('node_modules/@posthorn/') ? [{ name: basename(path), integrity }] : [],
  )
  expect(own.map(({ name }) => name)).toEqual(['core', 'rabbitmq', 'uow-drizzle'])
  for (const { name, integrity } of own) {
    const response = await fetch(`${registry.url}@posthorn%2f${name}/latest`)
    const { dist } = (await response.json()) as { dist: { integrity: string } }
    expect(integrity).toBe(dist.integrity)
  }
})
