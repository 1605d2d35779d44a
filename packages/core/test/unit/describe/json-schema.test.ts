import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { messageSchema } from '../../../src/describe.ts'
import { defineDomain, event } from '../../../src/index.ts'

const show = defineDomain('show', {
  events: {
    Opened: event(z.object({ name: z.string().trim(), seats: z.int().default(100) })),
    Closed: event(z.object({ at: z.coerce.date() })),
    Moved: event(v.object({ to: v.string() })),
  },
})
const { Opened, Closed, Moved } = show.events

test('a message has the JSON Schema of what is accepted on the wire', () => {
  const schema = messageSchema(Opened)
  expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema).toMatchObject({ type: 'object', required: ['name'] })
  expect(schema).not.toHaveProperty('additionalProperties')
})

test('the dialect may be another', () => {
  expect(messageSchema(Opened, { target: 'draft-07' })['$schema']).toBe(
    'http://json-schema.org/draft-07/schema#',
  )
})

test.each([
  ['cannot be converted', Closed, /payload of show\.Closed has no JSON Schema: Date cannot be represented/],
  ['knows nothing of JSON Schema', Moved, /payload of show\.Moved has no JSON Schema: valibot gives none/],
])('a schema that %s is an error that names the message, unless one converts it', (_, message, sentence) => {
  expect(() => messageSchema(message)).toThrow(sentence)
  expect(() => messageSchema(message)).toThrow(expect.objectContaining({ code: 'InvalidDefinition' }))
  const convert = () => ({ type: 'object' })
  expect(messageSchema(message, { convert })).toEqual({ type: 'object' })
})

test('what is not converted is left to the validator', () => {
  expect(messageSchema(Opened, { convert: () => undefined })).toMatchObject({ type: 'object' })
})
