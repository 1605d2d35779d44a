import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../fixtures/postgres.ts'
import { projectRoot } from '../../running-system/project-root.ts'
import { type LocalRegistry, startLocalRegistry } from './local-registry.ts'
import { release } from './release.ts'
import { type ScratchProject, scratchProject } from './scratch-project.ts'

const own = ['@posthorn/core', '@posthorn/rabbitmq', '@posthorn/uow-drizzle']

/** For each package a project that has it without the others, core excepted. */
const projects = [
  {
    name: '@posthorn/core',
    brings: ['@posthorn/core', 'zod'],
    documents: ['README.md', 'packages/core/README.md'],
    script: 'examples/02-two-domains/main.ts',
    args: async () => [],
    prints: readFileSync(join(projectRoot, 'examples/02-two-domains/expected.txt'), 'utf8'),
  },
  {
    name: '@posthorn/rabbitmq',
    brings: ['@posthorn/core', '@posthorn/rabbitmq', 'amqplib', 'zod'],
    documents: ['packages/rabbitmq/README.md'],
    script: 'tooling/e2e/publishing/projects/rabbitmq.ts',
    args: async () => [
      process.env.POSTHORN_TEST_AMQP_URL ?? '',
      process.env.POSTHORN_TEST_MANAGEMENT_URL ?? '',
    ],
    prints: 'ticket for B7\nscratch-box-office has booked B7\n',
  },
  {
    name: '@posthorn/uow-drizzle',
    brings: ['@posthorn/core', '@posthorn/uow-drizzle', 'drizzle-orm', 'postgres', 'zod'],
    documents: ['packages/uow-drizzle/README.md'],
    script: 'tooling/e2e/publishing/projects/uow-drizzle.ts',
    args: async () => {
      database = await freshDatabase()
      return [database.url]
    },
    prints: 'heard of visit 1\n/ has 1\nheard of visit 2\n/ has 2\n/closed: Closed\n1 page, 2 messages\n',
  },
]

let database: FreshDatabase | undefined
let folder: string
let registry: LocalRegistry

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthorn-published-'))
  registry = await startLocalRegistry(folder)
  await mkdir(join(folder, 'workspace'))
  await release(join(folder, 'workspace'), registry.url, registry.token)
}, 120_000)

afterAll(async () => {
  await database?.dispose()
  await registry?.stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

test('what is released has one version, and needs the core of that version or later', async () => {
  const versions = new Set<string>()
  for (const name of own) {
    const response = await fetch(`${registry.url}${name.replace('/', '%2f')}/latest`)
    const manifest = (await response.json()) as Record<string, unknown>
    versions.add(String(manifest['version']))
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:/)
    if (name !== '@posthorn/core') {
      expect(manifest['peerDependencies']).toMatchObject({ '@posthorn/core': `^${manifest['version']}` })
    }
  }
  expect(versions.size).toBe(1)
})

test.each(['https://registry.example/', 'http://127.0.0.1.example.org/', 'https://localhost.example:4873/'])(
  'a test makes no release to %s, which is not this machine',
  async (url) => {
    await expect(release(join(folder, 'nowhere'), url, 'token')).rejects.toThrow('publish nowhere else')
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  },
)

describe.each(projects)('a project with $name alone, installed as its README says', (one) => {
  let project: ScratchProject

  beforeAll(async () => {
    project = await scratchProject(
      join(folder, basename(one.name)),
      registry.url,
      `packages/${basename(one.name)}/README.md`,
    )
  }, 120_000)

  test('gets nothing but what that needs', async () => {
    expect(await project.installed()).toEqual(one.brings)
  })

  test('finds its manual, its licence and what has changed', async () => {
    const read = (file: string) => project.read(`node_modules/${one.name}/${file}`)
    const { version, license } = JSON.parse(await read('package.json'))
    expect(license).toBe('MIT')
    expect(await read('LICENSE')).toContain('MIT License')
    expect(await read('README.md')).toContain(`# ${one.name}\n`)
    expect(await read('CHANGELOG.md')).toContain(`## ${version}\n`)
  })

  test('compiles the code of its README, with node16 and with bundler resolution, and runs', async () => {
    await project.copy(one.script, 'main.ts')
    const blocks = []
    for (const document of one.documents) blocks.push(...(await project.extract(document)))
    expect(blocks.length).toBeGreaterThan(0)
    await project.compile({ module: 'esnext', moduleResolution: 'bundler' })
    await project.compile({ module: 'node16', moduleResolution: 'node16' })
    for (const { path, run } of blocks) if (run) await project.run(`out/${path.replace(/ts$/, 'js')}`)
    expect(await project.run('out/main.js', ...(await one.args()))).toBe(one.prints)
  }, 120_000)

  test('can be required from CommonJS, each entry point but one that needs an optional peer', async () => {
    const { exports } = JSON.parse(await project.read(`node_modules/${one.name}/package.json`))
    const specifiers = Object.keys(exports).map((key) => one.name + key.slice(1))
    await project.write(
      'required.cjs',
      `for (const name of ${JSON.stringify(specifiers)}) {
        try {
          console.log(name, Object.keys(require(name)).length > 0)
        } catch ({ message }) {
          console.log(name, message.split(' imported from ')[0])
        }
      }`,
    )
    const says = (name: string) =>
      name === '@posthorn/core/opentelemetry' ? "Cannot find package '@opentelemetry/api'" : 'true'
    expect(await project.run('required.cjs')).toBe(
      specifiers.map((name) => `${name} ${says(name)}\n`).join(''),
    )
  })
})

test('a debugger finds the source of what is released in the package itself', async () => {
  const maps = join(folder, 'core/node_modules/@posthorn/core/dist')
  const map = JSON.parse(await readFile(join(maps, 'index.js.map'), 'utf8'))
  for (const source of map.sources) expect(existsSync(join(maps, source))).toBe(true)
})
