import { planSystem } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { openLink } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

describe('checking what was provisioned', () => {
  let system: ProvisionedSystem
  beforeAll(async () => {
    system = await provisionedSystem(shopSystem)
  })
  afterAll(() => system.dispose())

  test('passes for what a user writes and reads, the default exchange included', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await billing.link.check(['', 'x.events', 'x.dlx'], ['q.commands', 'q.calls'])
    await using shop = await openLink(system, 'shop', 'billing')
    await shop.link.check(['x.cmd.shop'], [])
  })

  test('names everything that is missing', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await expect(billing.link.check(['x.events', 'x.none'], ['q.none', 'q.calls'])).rejects.toMatchObject({
      code: 'PermissionNotProvisioned',
      details: { missing: ['exchange x.none', 'queue q.none'] },
    })
    await billing.link.check(['x.events'], ['q.calls'])
  })

  test('a provisioned service cannot declare', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const plan = planSystem(shopSystem, { namespace: system.namespace }).vhosts[0]
    await expect(billing.link.declare(plan as NonNullable<typeof plan>)).rejects.toMatchObject({
      code: 'PermissionNotProvisioned',
    })
  })
})

describe('declaring for oneself', () => {
  let system: ProvisionedSystem
  beforeAll(async () => {
    system = await provisionedSystem(shopSystem, { selfDeclare: true })
  })
  afterAll(() => system.dispose())

  const ownersPart = (limits: { calls: number }) => {
    const plan = planSystem(shopSystem, { namespace: system.namespace, selfDeclare: true, limits }).vhosts[0]
    if (plan === undefined) throw new Error('the plan has no vhost')
    return {
      ...plan,
      exchanges: plan.exchanges.filter(({ name }) => name.startsWith('x.')),
      queues: plan.queues.filter(({ name }) => name.startsWith('q.')),
      bindings: plan.bindings.filter(({ queue }) => queue.startsWith('q.')),
    }
  }

  test('may be repeated', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await billing.link.declare(ownersPart({ calls: 10_000 }))
    await billing.link.declare(ownersPart({ calls: 10_000 }))
  })

  test('names the argument in which a queue differs from what exists', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await billing.link.declare(ownersPart({ calls: 10_000 }))
    await expect(billing.link.declare(ownersPart({ calls: 5 }))).rejects.toMatchObject({
      code: 'TopologyMismatch',
      details: { argument: 'x-max-length', object: "queue 'q.calls'" },
    })
  })

  test('names an exchange of another type', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    const plan = ownersPart({ calls: 10_000 })
    await billing.link.declare(plan)
    const exchanges = [{ name: 'x.events', type: 'direct' as const }, ...plan.exchanges.slice(1)]
    await expect(billing.link.declare({ ...plan, exchanges })).rejects.toMatchObject({
      code: 'TopologyMismatch',
      details: { argument: 'type', object: "exchange 'x.events'" },
    })
  })
})
