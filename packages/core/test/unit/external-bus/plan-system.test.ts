import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { declarationsOf, planSystem, planVhost } from '../../../src/external-bus/plan-system.ts'
import type { VhostPlan } from '../../../src/external-bus/topology.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'

const orders = defineDomain('orders', {
  commands: {
    Place: command({ input: z.object({}), allow: ['billing', 'web-shop'] }),
    Cancel: command({ input: z.object({}), allow: ['web-shop'] }),
    Purge: command({ input: z.object({}) }),
  },
  events: {
    Placed: event(z.object({})),
    Paid: event(z.object({})),
    Counted: event(z.object({}), { private: true }),
  },
})
const billing = defineDomain('billing', { events: { Billed: event(z.object({})) } })
const system = defineSystem({
  domains: [orders, billing],
  clients: { 'web-shop': {}, audit: { subscribes: [orders.events.Paid] } },
  subscriptions: { billing: [orders.events.Placed, orders.events.Paid] },
})

function vhost(owner: string, options?: Parameters<typeof planSystem>[1]): VhostPlan {
  const plan = planSystem(system, options).vhosts.find((one) => one.owner === owner)
  if (plan === undefined) throw new Error(`no vhost of ${owner}`)
  return plan
}

function keys(plan: VhostPlan, exchange: string): string[] {
  return plan.bindings
    .filter((one) => one.exchange === exchange)
    .map(({ queue, routingKey }) => `${routingKey} > ${queue}`)
    .sort()
}

describe('planSystem', () => {
  test('gives every domain a vhost, and every domain and client a user', () => {
    const plan = planSystem(system)
    expect(plan.users).toEqual(['orders', 'billing', 'web-shop', 'audit'])
    expect(plan.vhosts.map(({ name, owner }) => [name, owner])).toEqual([
      ['orders', 'orders'],
      ['billing', 'billing'],
    ])
  })

  test('puts the namespace before the names of vhosts only', () => {
    const plan = planSystem(system, { namespace: 'run-1' })
    expect(plan.vhosts.map(({ name }) => name)).toEqual(['run-1.orders', 'run-1.billing'])
    expect(plan.users).toContain('orders')
  })

  test('binds each caller’s exchange with the commands it may use and no others', () => {
    const plan = vhost('orders')
    expect(keys(plan, 'x.cmd.billing')).toEqual(['call.Place > q.calls', 'cmd.Place > q.commands'])
    expect(keys(plan, 'x.cmd.web-shop')).toEqual([
      'call.Cancel > q.calls',
      'call.Place > q.calls',
      'cmd.Cancel > q.commands',
      'cmd.Place > q.commands',
    ])
    expect(plan.exchanges.map(({ name }) => name)).not.toContain('x.cmd.audit')
    expect(JSON.stringify(plan.bindings)).not.toContain('Purge')
  })

  test('binds each subscriber’s queue with its subscriptions', () => {
    expect(keys(vhost('orders'), 'x.events')).toEqual([
      'evt.Paid > audit.q.events',
      'evt.Paid > billing.q.events',
      'evt.Placed > billing.q.events',
    ])
  })

  test('has events on a topic exchange and everything else on direct ones', () => {
    const types = Object.fromEntries(vhost('orders').exchanges.map(({ name, type }) => [name, type]))
    expect(types).toEqual({
      'x.events': 'topic',
      'x.dlx': 'direct',
      'x.cmd.billing': 'direct',
      'x.cmd.web-shop': 'direct',
      'billing.x.dlx': 'direct',
      'audit.x.dlx': 'direct',
    })
  })

  test('K5 never gives an exchange and a queue the same name', () => {
    for (const plan of planSystem(system).vhosts) {
      const names = [...plan.exchanges, ...plan.queues].map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  test('gives work queues retry tiers that lead back, and a dead queue', () => {
    const plan = vhost('orders')
    const args = Object.fromEntries(plan.queues.map((queue) => [queue.name, queue.arguments]))
    expect(args['billing.q.events']).toEqual({
      'x-queue-type': 'quorum',
      'x-delivery-limit': 10,
      'x-max-length-bytes': 2 ** 30,
      'x-overflow': 'reject-publish',
      'x-dead-letter-exchange': 'billing.x.dlx',
      'x-dead-letter-routing-key': 'billing.q.events.dead',
      'x-dead-letter-strategy': 'at-least-once',
    })
    expect(args['q.commands.retry.60s']).toEqual({
      'x-queue-type': 'quorum',
      'x-message-ttl': 60_000,
      'x-max-length-bytes': 2 ** 30,
      'x-overflow': 'reject-publish',
      'x-dead-letter-exchange': 'x.dlx',
      'x-dead-letter-routing-key': 'q.commands',
      'x-dead-letter-strategy': 'at-least-once',
    })
    expect(args['q.commands.dead']).toEqual({
      'x-queue-type': 'quorum',
      'x-delivery-limit': 1_000_000,
      'x-max-length-bytes': 2 ** 30,
      'x-overflow': 'reject-publish',
    })
    expect(keys(plan, 'x.dlx')).toEqual(
      ['', '.dead', '.retry.10s', '.retry.1s', '.retry.600s', '.retry.60s']
        .map((suffix) => `q.commands${suffix} > q.commands${suffix}`)
        .sort(),
    )
  })

  test('keeps calls in a classic queue that expires them and has no dead-letter target', () => {
    const queue = vhost('orders', { limits: { callTimeout: 60_000, calls: 5 } }).queues.find(
      ({ name }) => name === 'q.calls',
    )
    expect(queue?.arguments).toEqual({
      'x-queue-type': 'classic',
      'x-message-ttl': 60_000,
      'x-max-length': 5,
      'x-overflow': 'reject-publish',
    })
  })

  test('gives an ordered subscriber one active consumer', () => {
    const plan = vhost('orders', { ordered: ['billing'] })
    const active = plan.queues.filter((queue) => queue.arguments['x-single-active-consumer'] === true)
    expect(active.map(({ name }) => name)).toEqual(['billing.q.events'])
  })

  test('K5 lets each user write and read exactly its part, and configure nothing', () => {
    expect(vhost('orders').permissions).toEqual([
      {
        user: 'orders',
        configure: '^$',
        write: '^(x\\.events|x\\.dlx|amq\\.default)$',
        read: '^(q\\.commands|q\\.calls)$',
      },
      {
        user: 'billing',
        configure: '^$',
        write: '^(x\\.cmd\\.billing|billing\\.x\\.dlx)$',
        read: '^billing\\.q\\.events$',
      },
      { user: 'web-shop', configure: '^$', write: '^x\\.cmd\\.web-shop$', read: '^$' },
      { user: 'audit', configure: '^$', write: '^audit\\.x\\.dlx$', read: '^audit\\.q\\.events$' },
    ])
    expect(vhost('orders').topicPermissions).toEqual([
      { user: 'orders', exchange: 'x.events', write: '^evt\\.', read: '^$' },
    ])
  })

  test('lets nobody in who neither calls nor subscribes', () => {
    expect(vhost('billing').permissions.map(({ user }) => user)).toEqual(['billing'])
  })

  test('lets a subscriber that declares its own queue bind its subscriptions only', () => {
    const plan = vhost('orders', { selfDeclare: true })
    expect(plan.permissions.find(({ user }) => user === 'audit')).toEqual({
      user: 'audit',
      configure: '^audit\\..*$',
      write: '^(audit\\..*|x\\.cmd\\.audit)$',
      read: '^(audit\\..*|x\\.events)$',
    })
    expect(plan.topicPermissions.find(({ user }) => user === 'billing')).toEqual({
      user: 'billing',
      exchange: 'x.events',
      write: '^$',
      read: '^(evt\\.Placed|evt\\.Paid)$',
    })
  })
})

describe('planVhost', () => {
  test('binds for those whom a wider list allows', () => {
    const plan = planVhost(system, 'orders', {}, ({ type }) => (type === 'orders.Purge' ? ['audit'] : []))
    expect(keys(plan, 'x.cmd.audit')).toEqual(['call.Purge > q.calls', 'cmd.Purge > q.commands'])
    expect(keys(plan, 'x.cmd.billing')).toEqual([])
  })

  test('refuses a name that is no domain', () => {
    expect(() => planVhost(system, 'web-shop')).toThrow(expect.objectContaining({ code: 'UnknownDomain' }))
  })
})

describe('declarationsOf', () => {
  test('splits a plan between the owner and its subscribers', () => {
    const plan = vhost('orders', { selfDeclare: true })
    const parts = ['orders', 'billing', 'audit', 'web-shop'].map((user) => declarationsOf(plan, user))
    expect(parts[2]?.queues.map(({ name }) => name)).toEqual(
      ['', '.retry.1s', '.retry.10s', '.retry.60s', '.retry.600s', '.dead'].map(
        (end) => `audit.q.events${end}`,
      ),
    )
    expect(parts[3]).toMatchObject({ exchanges: [], queues: [], bindings: [] })
    expect(parts.flatMap(({ queues }) => queues)).toHaveLength(plan.queues.length)
    expect(parts.flatMap(({ exchanges }) => exchanges)).toHaveLength(plan.exchanges.length)
    expect(parts.flatMap(({ bindings }) => bindings)).toHaveLength(plan.bindings.length)
  })
})
