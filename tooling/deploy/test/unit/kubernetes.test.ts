import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Deployment } from 'kubernetes-models/apps/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Namespace, Service, ServiceAccount } from 'kubernetes-models/v1'
import { expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { projectRoot } from '../../../running-system/project-root.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  // biome-ignore lint/suspicious/noExplicitAny: whatever the kind says; its schema is checked first
  readonly [key: string]: any
}

const folder = join(projectRoot, 'deploy/kubernetes')
const files = readdirSync(folder)
const manifests: Manifest[] = files
  .filter((file) => file !== 'kustomization.yaml')
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((one) => one.toJS({ maxAliasCount: 0 })),
  )
const named = (kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name) ??
  expect.fail(`no ${kind} ${name}`)

// biome-ignore lint/suspicious/noExplicitAny: each takes the shape of its kind; finding out whether it is that is the point
const models: Readonly<Record<string, new (manifest: any) => { validate(): void }>> = {
  'apps/v1/Deployment': Deployment,
  'policy/v1/PodDisruptionBudget': PodDisruptionBudget,
  'v1/Namespace': Namespace,
  'v1/Service': Service,
  'v1/ServiceAccount': ServiceAccount,
}

/** What Kubernetes' own schema has against a manifest. */
function fault(manifest: Manifest): string | undefined {
  const Model =
    models[`${manifest.apiVersion}/${manifest.kind}`] ?? expect.fail(`no model of ${manifest.kind}`)
  try {
    new Model(manifest).validate()
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** The names of the files in which the compiler finds a field that the kind does not have, or that is not as it must be. */
async function misspelt(all: Readonly<Record<string, Manifest>>): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(projectRoot, 'tooling/node_modules/.kubernetes-'))
  onTestFinished(() => rm(scratch, { recursive: true }))
  for (const [name, manifest] of Object.entries(all)) {
    const { apiVersion, kind } = manifest
    await writeFile(
      join(scratch, `${name}.ts`),
      `import type { I${kind} } from 'kubernetes-models/${apiVersion}'\nexport const it: I${kind} = ${JSON.stringify(manifest)}\n`,
    )
  }
  const options = { module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, types: [] }
  await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }))
  const tsc = join(projectRoot, 'node_modules/.bin/tsc')
  const { stdout } = await promisify(execFile)(tsc, ['--pretty', 'false'], { cwd: scratch }).catch(
    (error) => error,
  )
  return [...new Set([...String(stdout).matchAll(/^([\w-]+)\.ts\(/gm)].map(([, name = '']) => name))]
}

test('every manifest is valid by the schema of its kind', () => {
  expect(manifests.length).toBeGreaterThan(0)
  for (const manifest of manifests) expect(fault(manifest)).toBeUndefined()
})

test('a manifest that is not valid is found', () => {
  const { spec, ...rest } = named('Deployment', 'allocation')
  expect(fault({ ...rest, spec: { ...spec, replicas: 'two' } })).toContain('replicas')
})

test('no manifest has a field that its kind does not know', async () => {
  const { spec, ...rest } = named('Deployment', 'allocation')
  const [{ livenessProbe, ...container }] = spec.template.spec.containers
  const template = { spec: { containers: [{ ...container, livenesProbe: livenessProbe }] } }
  const all = Object.fromEntries(manifests.map((manifest, i) => [`manifest-${i}`, manifest]))
  expect(await misspelt({ ...all, broken: { ...rest, spec: { ...spec, template } } })).toEqual(['broken'])
}, 60_000)

test('the kustomization names every file', () => {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  expect(['kustomization.yaml', ...resources].sort()).toEqual(files.toSorted())
})

test.each([
  ['allocation', 3001],
  ['notifications', 3002],
])('%s is probed, may do little, and has the time to stop', (name, port) => {
  const { template, selector } = named('Deployment', name).spec
  const { containers, securityContext, terminationGracePeriodSeconds, automountServiceAccountToken } =
    template.spec
  const [container, ...others] = containers
  expect(others).toEqual([])
  expect(template.metadata.labels).toMatchObject(selector.matchLabels)
  expect(container.ports).toEqual([{ name: 'http', containerPort: port }])
  expect(container.env).toContainEqual({ name: `${name.toUpperCase()}_PORT`, value: String(port) })
  expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' })
  expect(container.startupProbe.httpGet).toEqual({ path: '/health/live', port: 'http' })
  expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' })
  expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  expect(automountServiceAccountToken).toBe(false)
  // The pause before, and the longest that a service takes.
  expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 30)
  expect(container.resources.limits.memory).toBeDefined()
  expect(named('Service', name).spec.selector).toEqual(selector.matchLabels)
  expect(named('PodDisruptionBudget', name).spec.selector).toEqual(selector)
})
