import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { removePlan } from '../../src/provisioning/remove.ts'
import { soloSystem } from '../support/shop-system.ts'

const { name, system } = soloSystem()
let provisioned: ProvisionedSystem
let vhost: string
beforeAll(async () => {
  provisioned = await provisionedSystem(system)
  vhost = `${provisioned.namespace}.${name}`
})
afterAll(() => removePlan(provisioned.plan, provisioned))

/** Applies the plan by way of a proxy that keeps what changes something, in the order in which it was asked for. */
async function changesOfApply(): Promise<string[]> {
  const target = new URL(provisioned.managementUrl)
  const changes: string[] = []
  const passOn = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '', headers } = request
    if (method !== 'GET') changes.push(`${method} ${url.split('/')[2]}`)
    const body = Buffer.concat(await request.toArray())
    const answer = await fetch(`${target.protocol}//${target.host}${url}`, {
      method,
      headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
      ...(body.length === 0 ? {} : { body }),
    })
    const text = await answer.text()
    response.writeHead(answer.status).end(answer.status === 204 ? undefined : text)
  }
  const proxy = createServer((request, response) => void passOn(request, response))
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const through = new URL(provisioned.managementUrl)
  through.hostname = '127.0.0.1'
  through.port = String((proxy.address() as AddressInfo).port)
  await applyPlan(provisioned.plan, { managementUrl: through.href, passwords: {} })
  proxy.closeAllConnections()
  proxy.close()
  return changes
}

/** That each of these kinds of change is over before the next one begins. */
function expectOrder(changes: readonly string[], ...kinds: readonly string[]): void {
  for (const kind of kinds) expect(changes).toContain(kind)
  for (const [index, kind] of kinds.slice(1).entries()) {
    const before = kinds[index] as string
    expect(changes.lastIndexOf(before), `${before} before ${kind}`).toBeLessThan(changes.indexOf(kind))
  }
}

test('rights are given when all is there that they are for, on topics before the rest', async () => {
  expectOrder(
    await changesOfApply(),
    'PUT user-limits',
    'PUT vhosts',
    'PUT exchanges',
    'PUT queues',
    'POST bindings',
    'PUT topic-permissions',
    'PUT permissions',
  )
})

test('what is not in the plan is taken away before anything is given, and then who had it is cut off', async () => {
  const api = new ManagementApi(provisioned.managementUrl)
  const all = { configure: '.*', write: '.*', read: '.*' }
  await api.put({ password: 'p', tags: '' }, 'users', `${name}-guest`)
  await api.put(all, 'permissions', vhost, `${name}-guest`)
  await api.put(
    { exchange: 'x.events', write: '.*', read: '.*' },
    'topic-permissions',
    vhost,
    `${name}-guest`,
  )
  await api.post({ routing_key: '#' }, 'bindings', vhost, 'e', 'x.events', 'q', 'q.commands')
  expectOrder(
    await changesOfApply(),
    'DELETE bindings',
    'DELETE permissions',
    'DELETE topic-permissions',
    'PUT topic-permissions',
    'PUT permissions',
    'DELETE connections',
  )
  await api.delete('users', `${name}-guest`)
})
