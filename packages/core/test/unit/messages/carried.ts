import { expect } from 'vitest'
import { z } from 'zod'
import { decodeBody } from '../../../src/external-bus/json-body.ts'
import { encodeBody } from '../../../src/external-bus/wire-format.ts'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { StandardSchemaV1 } from '../../../src/messages/standard-schema.ts'

/**
 * A payload as its maker has it and as JSON, after a journey over the wire's own encoder and decoder at whose end its
 * receiver has the same payload.
 */
export function carried(schema: StandardSchemaV1, input: unknown) {
  const { Noted } = defineDomain('shop', { events: { Noted: event(schema) } }).events
  const made = Noted(input)
  const body = encodeBody(made.payload)
  const decoded = decodeBody(body)
  if (!decoded.ok) throw new Error(decoded.fault)
  expect(Noted.receive({ ...made, payload: decoded.value })).toEqual(made)
  return { payload: made.payload, json: decoded.value, text: Buffer.from(body).toString() }
}

/** The same for one field of a payload. */
export function carriedField(schema: z.ZodType, input: unknown) {
  const { payload, json } = carried(z.object({ field: schema }), { field: input })
  return { value: (payload as { field: unknown }).field, json: (json as { field: unknown }).field }
}
