import { planSystem } from '@posthorn/core'
import { expect, test } from 'vitest'
import { definitionsOf } from '../../src/provisioning/definitions.ts'
import { shopSystem } from '../support/shop-system.ts'

const plan = planSystem(shopSystem)
const passwords = { billing: 'b', shipping: 's', shop: 'p' }

test('every user of a plan is defined with its password and its limits', () => {
  const limits = { 'max-connections': 100, 'max-channels': 1_000 }
  expect(definitionsOf(plan, passwords, { operator: 'o' }).users).toEqual([
    { name: 'billing', password: 'b', tags: '', limits },
    { name: 'shipping', password: 's', tags: '', limits },
    { name: 'shop', password: 'p', tags: '', limits },
    { name: 'operator', password: 'o', tags: 'administrator' },
  ])
})

test.each(['absent', 'empty'])('a user whose password is %s is refused by name', (what) => {
  const { shop: _, ...others } = passwords
  expect(() => definitionsOf(plan, what === 'absent' ? others : { ...others, shop: '' })).toThrow(
    expect.objectContaining({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('shop'),
    }),
  )
})
