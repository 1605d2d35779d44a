import { planSystem } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { checkPlan } from '../../src/provisioning/check.ts'
import { definitionsOf } from '../../src/provisioning/definitions.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { generatePasswords } from '../../src/provisioning/passwords.ts'
import { removePlan } from '../../src/provisioning/remove.ts'
import { eventually } from '../support/eventually.ts'
import { openLink } from '../support/open-link.ts'
import { shopSystem, soloSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
let api: ManagementApi
let vhost: string
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
  api = new ManagementApi(system.managementUrl)
  vhost = `${system.namespace}.billing`
})
afterAll(() => system.dispose())

const applyAgain = () => applyPlan(system.plan, { managementUrl: system.managementUrl, passwords: {} })
/** Whether `guest` exists is the broker's affair, not this plan's. */
const check = async () =>
  (await checkPlan(system.plan, system))
    .filter(({ object }) => object !== 'user guest')
    .map((one) => `${one.object} ${one.problem}`)

describe('apply and check', () => {
  test('a plan that was applied is there, and may be applied again', async () => {
    expect(await check()).toEqual([])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('a binding that is not in the plan is found, and taken away', async () => {
    await api.post({ routing_key: 'cmd.Refund' }, 'bindings', vhost, 'e', 'x.cmd.shop', 'q', 'q.commands')
    await api.post({ routing_key: '#' }, 'bindings', vhost, 'e', 'x.events', 'e', 'x.cmd.shop')
    expect((await check()).sort()).toEqual([
      'binding x.cmd.shop → q.commands (cmd.Refund) is not in the plan',
      'binding x.events → x.cmd.shop (#) is not in the plan',
    ])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('what was deleted is found, and put back', async () => {
    await api.delete('queues', vhost, 'q.calls')
    await api.delete('permissions', vhost, 'shop')
    await api.delete('topic-permissions', vhost, 'billing')
    expect((await check()).sort()).toEqual([
      'binding x.cmd.shop → q.calls (call.Charge) is missing',
      'permissions of shop are missing',
      'queue q.calls is missing',
      'topic permissions of billing on x.events are missing',
    ])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('rights that the plan does not give are found, and taken away', async () => {
    await api.put({ configure: '.*', write: '.*', read: '.*' }, 'permissions', vhost, 'shop')
    await api.put(
      { configure: '^$', write: '^$', read: '^$' },
      'permissions',
      `${system.namespace}.shipping`,
      'shop',
    )
    await api.put({ exchange: 'x.events', write: '.*', read: '.*' }, 'topic-permissions', vhost, 'shop')
    expect((await check()).sort()).toEqual([
      'permissions of shop are not in the plan',
      'permissions of shop are others than planned',
      'topic permissions of shop on x.events are not in the plan',
    ])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('exchanges and queues that are not in the plan are found, and stay', async () => {
    await api.put({ type: 'topic', durable: true }, 'exchanges', vhost, 'x.old')
    await api.put({ durable: true, arguments: {} }, 'queues', vhost, 'q.old')
    await applyAgain()
    expect((await check()).sort()).toEqual([
      'exchange x.old is not in the plan',
      'queue q.old is not in the plan',
    ])
    await api.delete('exchanges', vhost, 'x.old')
    await api.delete('queues', vhost, 'q.old')
  })

  test('a queue with other arguments is a mismatch that names the argument', async () => {
    const other = planSystem(shopSystem, { namespace: system.namespace, limits: { calls: 7 } })
    await expect(applyPlan(other, { ...system, passwords: {} })).rejects.toMatchObject({
      code: 'TopologyMismatch',
      details: { vhost, argument: 'x-max-length', object: "queue 'q.calls'" },
    })
    const found = await checkPlan(other, system)
    expect(found.map(({ object, problem }) => `${object} ${problem}`)).toContain(
      'queue q.calls has x-max-length 10000, not 7',
    )
  })
})

describe('users', () => {
  test('a tag on a service user is found, and taken away', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    await api.put({ password: 'Y', tags: 'impersonator' }, 'users', name)
    const found = await checkPlan(own.plan, own)
    expect(found).toContainEqual({
      vhost: null,
      object: `user ${name}`,
      problem: 'has the tags impersonator; a service needs none',
    })
    await applyPlan(own.plan, { ...own, passwords: generatePasswords(own.plan) })
    expect((await checkPlan(own.plan, own)).filter(({ object }) => object === `user ${name}`)).toEqual([])
    await removePlan(own.plan, own)
    expect((await checkPlan(own.plan, own)).map(({ problem }) => problem)).toContain('is missing')
  })

  test('who loses rights loses the connections that still have them', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    await using member = await openLink(own, name, name)
    await api.put(
      { configure: '.*', write: '.*', read: '.*' },
      'permissions',
      `${own.namespace}.${name}`,
      name,
    )
    await applyPlan(own.plan, { ...own, passwords: {} })
    await eventually('its connection was closed', () => member.states.some(({ state }) => state === 'down'))
    await removePlan(own.plan, own)
  })

  test('a new user needs a password', async () => {
    const plan = planSystem(soloSystem().system)
    await expect(applyPlan(plan, { ...system, passwords: {} })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
    })
  })
})

test('the definitions of a plan make a broker what the plan says', async () => {
  const { name, system: solo } = soloSystem()
  const plan = planSystem(solo, { namespace: name })
  await api.post(definitionsOf(plan, generatePasswords(plan)), 'definitions')
  expect((await checkPlan(plan, system)).filter(({ object }) => object !== 'user guest')).toEqual([])
  await removePlan(plan, system)
})

test('a management API that is not there, or refuses, fails without its password', async () => {
  const url = new URL(system.managementUrl)
  url.password = 'S3cret'
  const refused = await checkPlan(system.plan, { managementUrl: url.href }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'ManagementFailed', retryable: false, details: { status: 401 } })
  url.port = '1'
  const absent = await checkPlan(system.plan, { managementUrl: url.href }).catch((error: unknown) => error)
  expect(absent).toMatchObject({ code: 'ManagementFailed', retryable: true })
  expect(String(refused) + String(absent)).not.toContain('S3cret')
})
