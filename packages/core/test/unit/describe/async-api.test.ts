import { expect, test } from 'vitest'
import { z } from 'zod'
import { asyncApi } from '../../../src/describe.ts'
import { command, defineDomain, defineSystem, event, failure } from '../../../src/index.ts'

interface Tree {
  value: string
  children?: Tree[] | undefined
}
const tree: z.ZodType<Tree, Tree> = z.object({
  value: z.string(),
  get children() {
    return z.array(tree).optional()
  },
})

const seat = z.object({ seat: z.string() })
const boxOffice = defineDomain('box-office', {
  commands: {
    Book: command({
      input: seat,
      output: z.object({ ticket: z.string() }),
      errors: { Taken: failure(seat, () => 'taken') },
      allow: ['website'],
      version: 2,
      from: { 1: (v1) => v1 },
    }),
    Plant: command({ input: tree, allow: ['website'] }),
    CountTakings: command({ input: z.object({}) }),
  },
  events: {
    Booked: event(seat),
    Taken: event(z.object({ by: z.string() })),
    SeatLocked: event(seat, { private: true }),
  },
})
const system = defineSystem({
  domains: [boxOffice],
  clients: { website: {}, display: { subscribes: [boxOffice.events.Booked] } },
})
const { Booked } = boxOffice.events

function at(document: object, path: string): unknown {
  return path
    .split('/')
    .slice(1)
    .reduce<unknown>((place, key) => Object(place)[key], document)
}

test('a domain handles what it allows, and publishes what is not private', () => {
  const { operations, components } = asyncApi(system, { version: '1.0.0', member: 'box-office' })
  expect(Object.keys(operations)).toEqual([
    'box-office.handle.Book',
    'box-office.answer.Book',
    'box-office.handle.Plant',
    'box-office.answer.Plant',
    'box-office.publish.Booked',
    'box-office.publish.Taken',
  ])
  expect(operations['box-office.answer.Book']).toMatchObject({
    action: 'receive',
    channel: { $ref: '#/channels/box-office.q.calls' },
    'x-posthorn-allow': ['website'],
  })
  expect(JSON.stringify(components)).not.toMatch(/CountTakings|SeatLocked/)
})

test('a client sees only what it uses and is told, at the exchanges and queues that are its own', () => {
  const website = asyncApi(system, { version: '1.0.0', member: 'website' })
  expect(Object.keys(website.channels).sort()).toEqual([
    'box-office.replies',
    'box-office.x.cmd.website.call.Book',
    'box-office.x.cmd.website.call.Plant',
    'box-office.x.cmd.website.cmd.Book',
    'box-office.x.cmd.website.cmd.Plant',
  ])
  const display = asyncApi(system, {
    version: '1.0.0',
    member: 'display',
    namespace: 'staging',
    host: 'broker:5673',
  })
  expect(display.operations).toMatchObject({
    [`display.hear.${Booked.type}`]: {
      action: 'receive',
      channel: { $ref: '#/channels/box-office.display.q.events' },
    },
  })
  expect(display.channels['box-office.display.q.events']).toMatchObject({
    address: 'display.q.events',
    bindings: { amqp: { is: 'queue', queue: { vhost: 'staging.box-office' } } },
  })
  expect(display.servers['box-office']).toMatchObject({
    host: 'broker:5673',
    pathname: '/staging.box-office',
  })
})

test('all together is what each says, each channel and message once', () => {
  const whole = asyncApi(system, { version: '1.0.0' })
  for (const member of ['box-office', 'website', 'display']) {
    const part = asyncApi(system, { version: '1.0.0', member })
    expect(whole.operations).toMatchObject(part.operations)
    expect(whole.components['messages']).toMatchObject(Object(part.components['messages']))
  }
})

test('a message says its type on the wire, and its payload what the contract accepts', () => {
  const document = asyncApi(system, { version: '1.0.0', member: 'website' })
  const message = (name: string) => at(document, `#/components/messages/${name}`)
  expect(message('box-office.Book')).toMatchObject({
    bindings: { amqp: { messageType: 'command:box-office.Book.v2' } },
    payload: { $ref: '#/components/schemas/box-office.Book' },
  })
  expect(message('box-office.Book.reply')).toMatchObject({
    bindings: { amqp: { messageType: 'reply:box-office.Book.v2' } },
  })
  expect(at(document, '#/components/schemas/box-office.Book')).toEqual({
    type: 'object',
    properties: { seat: { type: 'string' } },
    required: ['seat'],
  })
  expect(message('box-office.Plant.reply')).toMatchObject({ payload: { type: 'null' } })
})

test('what goes wrong is an error of the contract, or one without a text', () => {
  const document = asyncApi(system, { version: '1.0.0', member: 'website' })
  expect(at(document, '#/components/messages/box-office.Book.error')).toMatchObject({
    payload: {
      oneOf: [
        { $ref: '#/components/schemas/box-office.error.Taken' },
        { $ref: '#/components/schemas/RemoteError' },
      ],
    },
  })
  expect(at(document, '#/components/schemas/box-office.error.Taken')).toMatchObject({
    properties: {
      name: { const: 'Taken' },
      data: { $ref: '#/components/schemas/box-office.error.Taken.data' },
    },
  })
})

test('an error is not taken for the event of the same name', () => {
  const { components } = asyncApi(system, { version: '1.0.0' })
  expect(components['schemas']).toMatchObject({
    'box-office.Taken': { required: ['by'] },
    'box-office.error.Taken.data': { required: ['seat'] },
  })
})

test('every reference in a document leads somewhere, also those of schemas to themselves', () => {
  const document = asyncApi(system, { version: '1.0.0' })
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, path = '']) => path)
  expect(references).not.toContain('#')
  for (const path of references) expect(at(document, path), path).toBeDefined()
})

test('a member that the system does not have is refused', () => {
  expect(() => asyncApi(system, { version: '1.0.0', member: 'balcony' })).toThrow(
    expect.objectContaining({ code: 'UnknownDomain' }),
  )
})
