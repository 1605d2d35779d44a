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
import { shopSystemOfItsOwn, soloSystem } from '../support/shop-system.ts'

const { client, system: shopSystem } = shopSystemOfItsOwn()
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

  test('may be applied by several at once', async () => {
    const { managementUrl } = system
    const applyAtOnce = async () => {
      const { name, system: solo } = soloSystem()
      const plan = planSystem(solo, { namespace: name })
      const apply = () => applyPlan(plan, { managementUrl, passwords: { [name]: 'the same' } })
      await Promise.all(Array.from({ length: 8 }, apply))
      const found = await checkPlan(plan, { managementUrl })
      await removePlan(plan, { managementUrl })
      return found.filter(({ object }) => object !== 'user guest')
    }
    expect((await Promise.all([1, 2, 3, 4].map(applyAtOnce))).flat()).toEqual([])
  })

  test('a binding that is not in the plan is found, and taken away', async () => {
    await api.post(
      { routing_key: 'cmd.Refund' },
      'bindings',
      vhost,
      'e',
      `x.cmd.${client}`,
      'q',
      'q.commands',
    )
    await api.post({ routing_key: '#' }, 'bindings', vhost, 'e', 'x.events', 'e', `x.cmd.${client}`)
    expect((await check()).sort()).toEqual([
      `binding x.cmd.${client} → q.commands (cmd.Refund) is not in the plan`,
      `binding x.events → x.cmd.${client} (#) is not in the plan`,
    ])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('what was deleted is found, and put back', async () => {
    await api.delete('queues', vhost, 'q.calls')
    await api.delete('permissions', vhost, client)
    await api.delete('topic-permissions', vhost, 'billing')
    expect((await check()).sort()).toEqual([
      `binding x.cmd.${client} → q.calls (call.Charge) is missing`,
      `permissions of ${client} are missing`,
      'queue q.calls is missing',
      'topic permissions of billing on x.events are missing',
    ])
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('rights that the plan does not give are found, and taken away', async () => {
    await api.put({ configure: '.*', write: '.*', read: '.*' }, 'permissions', vhost, client)
    await api.put(
      { configure: '^$', write: '^$', read: '^$' },
      'permissions',
      `${system.namespace}.shipping`,
      client,
    )
    await api.put({ exchange: 'x.events', write: '.*', read: '.*' }, 'topic-permissions', vhost, client)
    expect((await check()).sort()).toEqual([
      `permissions of ${client} are not in the plan`,
      `permissions of ${client} are others than planned`,
      `topic permissions of ${client} on x.events are not in the plan`,
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

  test('an exchange that passes on what it cannot route is found', async () => {
    await api.delete('exchanges', vhost, `x.cmd.${client}`)
    await api.put(
      { type: 'direct', durable: true, arguments: { 'alternate-exchange': 'x.events' } },
      'exchanges',
      vhost,
      `x.cmd.${client}`,
    )
    expect(await check()).toContain(`exchange x.cmd.${client} has alternate-exchange x.events, not unset`)
    await api.delete('exchanges', vhost, `x.cmd.${client}`)
    await applyAgain()
    expect(await check()).toEqual([])
  })

  test('policies and limits of a vhost, which the plan does not have, are found', async () => {
    await api.put({ pattern: '.*', definition: { 'max-length': 3 } }, 'policies', vhost, 'small')
    await api.put({ pattern: '.*', definition: { 'message-ttl': 3 } }, 'operator-policies', vhost, 'brief')
    await api.put({ value: 50 }, 'vhost-limits', vhost, 'max-queues')
    expect((await check()).sort()).toEqual([
      'policy brief is not in the plan; it alters queues or exchanges',
      'policy small is not in the plan; it alters queues or exchanges',
      'vhost has the limit max-queues 50, which is not in the plan',
    ])
    await api.delete('policies', vhost, 'small')
    await api.delete('operator-policies', vhost, 'brief')
    await api.delete('vhost-limits', vhost, 'max-queues')
    expect(await check()).toEqual([])
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

  test('who may write in everybody’s name is found, and so is a stranger who may do anything', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    const inside = `${own.namespace}.${name}`
    const rights = { configure: '^$', write: '.*', read: '^$' }
    const strangers = { forger: 'impersonator', watcher: 'monitoring', quiet: 'monitoring', plain: '' }
    for (const [user, tags] of Object.entries(strangers)) {
      await api.put({ password: 'Y', tags }, 'users', `${name}-${user}`)
      const given = user === 'quiet' ? { ...rights, write: '^$' } : rights
      await api.put(given, 'permissions', inside, `${name}-${user}`)
    }
    // Who may not enter can forge nothing here.
    await api.put({ password: 'Y', tags: 'impersonator' }, 'users', `${name}-elsewhere`)
    const found = (await checkPlan(own.plan, own)).filter(({ object }) => object !== 'user guest')
    expect(found.map(({ vhost: where, object, problem }) => `${where}: ${object} ${problem}`).sort()).toEqual(
      [
        `${inside}: permissions of ${name}-forger let a user with the tags impersonator use what is there`,
        `${inside}: permissions of ${name}-plain are not in the plan`,
        `${inside}: permissions of ${name}-watcher let a user with the tags monitoring use what is there`,
        `${inside}: user ${name}-forger has the tag impersonator: it may write in everybody’s name`,
      ],
    )
    for (const user of [...Object.keys(strangers), 'elsewhere']) await api.delete('users', `${name}-${user}`)
    await removePlan(own.plan, own)
  })

  test('the default user is found, wherever it may go', async () => {
    const before = await api.get<{ name: string }[]>('users')
    await api.put({ password: 'Y', tags: '' }, 'users', 'guest')
    expect(await checkPlan(system.plan, system)).toContainEqual({
      vhost: null,
      object: 'user guest',
      problem: 'exists, with a password that everybody knows',
    })
    if (!before.some(({ name }) => name === 'guest')) await api.delete('users', 'guest')
  })

  test('a user without limits is found, and one with others than were asked for', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    const problems = async (connectionsPerUser?: number) =>
      (
        await checkPlan(own.plan, {
          ...own,
          ...(connectionsPerUser === undefined ? {} : { connectionsPerUser }),
        })
      )
        .filter(({ object }) => object === `user ${name}`)
        .map(({ problem }) => problem)
    expect(await problems(1_000)).toEqual([])
    expect(await problems(20)).toEqual([
      'has the limit max-connections 1000, not 20',
      'has the limit max-channels 10000, not 200',
    ])
    await api.delete('user-limits', name, 'max-connections')
    expect(await problems()).toEqual(['has no limit max-connections'])
    await applyPlan(own.plan, { ...own, passwords: {} })
    expect(await problems(100)).toEqual([])
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
