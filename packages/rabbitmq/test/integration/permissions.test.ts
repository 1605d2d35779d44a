import { planSystem } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { servicesSystem } from '../../../../tooling/fixtures/services-system.ts'
import { matrixOf, type Probed, plannedFor, probe, usedIn } from '../support/probe-permissions.ts'
import { shopSystem } from '../support/shop-system.ts'

/* Every operation on everything, for every user in every vhost. The matrix is printed. */

/** What is written | read, by whom and where: all else must be refused. By hand, so that the plan itself is checked. */
const USED: Readonly<Record<string, string>> = {
  'allocation in allocation': '"" x.dlx x.events | q.calls q.commands',
  'notifications in allocation': 'notifications.x.dlx x.cmd.notifications | notifications.q.events',
  'warehouse in allocation': 'warehouse.x.dlx x.cmd.warehouse | warehouse.q.events',
  'storefront in allocation': 'x.cmd.storefront |',
  'notifications in notifications': '"" x.dlx x.events | q.calls q.commands',
  'allocation in notifications': 'x.cmd.allocation |',
  'billing in billing': '"" x.dlx x.events | q.calls q.commands',
  'shipping in billing': 'shipping.x.dlx | shipping.q.events',
  'shop in billing': 'x.cmd.shop |',
  'shipping in shipping': '"" x.dlx x.events | q.calls q.commands',
}

describe.each([
  { name: 'the services', system: servicesSystem },
  { name: 'the shop', system: shopSystem },
])('in the system of $name', ({ system }) => {
  const { users, vhosts } = planSystem(system)
  const everywhere = users.flatMap((user) =>
    vhosts.map(({ owner }) => [`${user} in ${owner}`, user, owner] as const),
  )
  const probed = new Map<string, Probed>()
  let provisioned: ProvisionedSystem
  beforeAll(async () => {
    provisioned = await provisionedSystem(system)
  })
  afterAll(async () => {
    console.info(matrixOf(probed))
    await provisioned.dispose()
  })

  test.each(everywhere)(
    'C61 C62 K5 K6 %s can do exactly what the plan says, and declare, bind and delete nothing',
    async (where, user, owner) => {
      const vhost = provisioned.plan.vhosts.find((one) => one.owner === owner)
      if (vhost === undefined) throw new Error(`the plan lacks ${owner}`)
      const found = await probe(provisioned.urlFor(user), vhost)
      probed.set(where, found)
      expect(found.allowed).toEqual(plannedFor(vhost, user, found.version))
      expect(usedIn(found)).toBe(USED[where])
      expect(found.allowed?.filter((name) => /^(declare|delete|bind|unbind)/.test(name)) ?? []).toEqual([])
    },
  )
})
