import { ValidationFailed } from '@posthorn/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocation } from '../../src/allocation.ts'
import { notifications } from '../../src/notifications.ts'

/** For each message of a contract, payloads that are at the edge of what it allows. */
type Payloads<Definitions> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends (payload: infer P, cause?: never) => unknown
    ? readonly P[]
    : never
}

const name = ' Κερί 🕯️ \u00e9 '
const line = { orderId: name, sku: 'x'.repeat(64), qty: 1_000_000_000 }
const id = '0198c0de-0000-7000-8000-000000000001'
const recipient = 'ada+lamps@example.com'
const mail = { recipient, subject: `  ${'s'.repeat(200)}`, text: '\tDear Ada,\n\u2028 ☂ ' }

const commands: Payloads<typeof allocation.commands> = {
  CreateBatch: [
    { ref: name, sku: name, qty: 1, eta: '2028-02-29' },
    { ref: 'b', sku: 's', qty: 2, eta: null },
    { ref: 'b', sku: 's', qty: 2 },
  ],
  ChangeBatchQuantity: [
    { ref: name, qty: 0 },
    { ref: 'b', qty: 7, expected: [{ purchasedQty: 7, availableQty: 0 }] },
  ],
  Allocate: [line, { ...line, notify: null }, { ...line, notify: recipient }],
  CancelLine: [{ orderId: name, sku: name }],
  GetProduct: [{ sku: name }],
  RebuildAllocations: [{}],
}

const events: Payloads<typeof allocation.events> = {
  BatchCreated: [
    { ref: name, sku: name, qty: 1, eta: null },
    { ref: name, sku: name, qty: 1, eta: '9999-12-31' },
  ],
  BatchQuantityChanged: [{ ref: name, sku: name, qty: 0, previousQty: 1_000_000_000 }],
  Allocated: [{ ...line, batchRef: name, version: 1 }],
  Deallocated: [
    { ...line, batchRef: name, reason: 'released', version: 2_147_483_647 },
    { ...line, batchRef: name, reason: 'cancelled', version: 2 },
  ],
  OutOfStock: [{ ...line, version: 1 }],
  BackorderCancelled: [{ ...line, version: 1 }],
  AllocationRequired: [line],
}

const mailing: Payloads<typeof notifications.commands> = {
  Watch: [{ orderId: name, email: recipient }],
  Notify: [mail],
}

const mailed: Payloads<typeof notifications.events> = {
  MailDue: [
    { id, ...mail, stockOf: null },
    { id, ...mail, stockOf: name },
  ],
  DeliveryEnded: [
    { id, text: 't', endedAt: '2026-01-02T03:04:05.006Z', failure: null },
    { id, text: 't', endedAt: '2026-01-02T03:04:05.006Z', failure: '550 no such user' },
  ],
  NotificationSent: [{ id, recipient, causedBy: id }],
  NotificationFailed: [{ id, recipient, reason: '' }],
}

interface Definition {
  readonly type: string
  (payload: never): object
  receive(envelope: never): object
}

const cases = [
  [allocation.commands, commands],
  [allocation.events, events],
  [notifications.commands, mailing],
  [notifications.events, mailed],
].flatMap(([definitions = {}, payloads = {}]) =>
  Object.entries(definitions as Readonly<Record<string, Definition>>).map(
    ([key, definition]) =>
      [definition.type, definition, (payloads as Readonly<Record<string, unknown[]>>)[key] ?? []] as const,
  ),
)

test.each(cases)('%s is received as it was made', (_type, definition, payloads) => {
  expect(payloads.length).toBeGreaterThan(0)
  for (const payload of payloads) {
    const made = definition(payload as never)
    expect(definition.receive(JSON.parse(JSON.stringify(made)) as never)).toEqual(made)
  }
})

/** What people type: letters of all kinds, blanks at the ends, and what cannot be seen. */
const text = fc.string({
  unit: fc.oneof(fc.constantFrom(' ', '\t', '\n', '\u00a0', '\u200b', '\ud800', '\u0000'), fc.string()),
  maxLength: 20,
})

test('whatever text a contract takes once it takes again, and unchanged', () => {
  fc.assert(
    fc.property(text, text, fc.oneof(text, fc.emailAddress()), (sku, body, email) => {
      staysAsItIs(allocation.commands.GetProduct, { sku })
      staysAsItIs(notifications.commands.Notify, { recipient: email, subject: sku, text: body })
    }),
    { numRuns: 1_000 },
  )
})

function staysAsItIs(definition: Definition, payload: object): void {
  let made: object
  try {
    made = definition(payload as never)
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationFailed)
    return
  }
  expect(definition.receive(JSON.parse(JSON.stringify(made)) as never)).toEqual(made)
}
