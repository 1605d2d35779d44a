import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { StandardSchemaV1 } from '../../../src/messages/standard-schema.ts'

type Sold = { sku: string; lines: { qty: number }[] }

/** The specification's interface, written by hand. */
const handwritten: StandardSchemaV1<Sold> = {
  '~standard': {
    version: 1,
    vendor: 'nobody',
    validate: (value) => {
      const sku = (value as Sold).sku
      if (typeof sku === 'string') return { value: value as Sold }
      return { issues: [{ message: 'no text', path: [{ key: 'sku' }] }] }
    },
  },
}

test.each([
  ['zod', z.object({ sku: z.string(), lines: z.array(z.object({ qty: z.number() })) })],
  ['valibot', v.object({ sku: v.string(), lines: v.array(v.object({ qty: v.number() })) })],
  ['a handwritten schema', handwritten],
])('%s serves as validator, with the paths of its issues', (_name, schema) => {
  const shop = defineDomain('shop', { events: { Sold: event(schema) } })

  expect(shop.events.Sold({ sku: 'lamp', lines: [{ qty: 1 }] }).payload).toEqual({
    sku: 'lamp',
    lines: [{ qty: 1 }],
  })
  expect(() => shop.events.Sold({ sku: 7 as never, lines: [] })).toThrow(
    expect.objectContaining({ issues: [expect.objectContaining({ path: 'sku' })] }),
  )
})
