import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { declaredErrorFrame, type ReplyAddress } from '../../../src/external-bus/answers.ts'
import { readAnswer } from '../../../src/external-bus/read-answer.ts'
import { command, failure } from '../../../src/messages/declare.ts'
import { DeclaredError } from '../../../src/messages/declared-error.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { ValidationFailed } from '../../../src/messages/validate.ts'

const sku = z.object({ sku: z.string() })
const soldOut = failure(
  z.looseObject({ sku: z.string(), left: z.int(), due: z.coerce.date().nullable() }),
  ({ sku, left, due }) =>
    `Of ${sku} there are ${left}, more on ${due?.toISOString().slice(0, 10) ?? 'no day'}`,
)
const shop = defineDomain('shop', {
  commands: {
    Sell: command({
      input: sku,
      errors: { SoldOut: soldOut, Closed: failure(z.object({}), () => 'We have closed'), Banned: sku },
    }),
    Hold: command({ input: sku, errors: { SoldOut: soldOut } }),
  },
})
const { SoldOut, Closed, Banned } = shop.errors
const data = { sku: 'lamp', left: 2, due: '2026-01-02' }

test('an error may be declared to have no data', () => {
  const { errors } = defineDomain('shop', {
    commands: { Open: command({ input: sku, errors: { Closed: z.undefined() } }) },
  })
  expect(new errors.Closed(undefined).data).toBeUndefined()
})

test('DOM-43 a declared error has its domain on the class and on the instance', () => {
  expect(SoldOut.domain).toBe('shop')
  expect(new SoldOut(data).domain).toBe('shop')
})

test('DOM-44 a class derived from a declared error has its domain, and is caught as that error', () => {
  class Postponed extends SoldOut {}

  expect(Postponed.domain).toBe('shop')
  expect(new Postponed(data)).toMatchObject({ domain: 'shop', name: 'SoldOut' })
  expect(new Postponed(data)).toBeInstanceOf(SoldOut)
})

test('ERR-04 DOM-45 a class derived from a declared error cannot give it another domain', () => {
  class Elsewhere extends SoldOut {
    static override readonly domain = 'elsewhere'
  }

  expect(new Elsewhere(data).domain).toBe('shop')
})

test('ERR-02 DOM-53 DOM-54 declared errors have their domain, and are found by it and their name, in order', () => {
  expect(Object.keys(shop.errors)).toEqual(['SoldOut', 'Closed', 'Banned'])
  for (const [name, { domain, errorName }] of Object.entries(shop.errors)) {
    expect([domain, errorName]).toEqual(['shop', name])
  }
  expect(shop.commands.Hold.errors.SoldOut).toBe(SoldOut)
  expect(shop.commands.Hold.errors.Closed).toBeUndefined()
})

describe('the text of an error', () => {
  test('ERR-03 DOM-47 is the contract’s as it stands when it needs no data', () => {
    expect(new Closed({}).message).toBe('We have closed')
  })

  test('ERR-06 is made by the contract from the data', () => {
    expect(new SoldOut(data).message).toBe('Of lamp there are 2, more on 2026-01-02')
  })

  test('DOM-50 may be made of values of any type, and is not disturbed by data that it does not use', () => {
    const more = { ...data, due: null, colour: 'red', history: [1, { two: true }] }

    expect(new SoldOut(more).message).toBe('Of lamp there are 2, more on no day')
  })

  test('names the domain, the error and the data when the contract has no words for it', () => {
    expect(new Banned({ sku: 'lamp' }).message).toBe('shop refused: Banned {"sku":"lamp"}')
  })

  test('ERR-12 is shown with its name and its domain', () => {
    expect(String(new SoldOut(data))).toBe('SoldOut: Of lamp there are 2, more on 2026-01-02')
    expect(inspect(new SoldOut(data))).toContain("domain: 'shop'")
    expect(String(new Banned({ sku: 'lamp' }))).toContain('shop')
  })
})

describe('the data of an error', () => {
  test.each([
    [{ left: 2, due: null }, ['sku']],
    [{ due: null }, ['left', 'sku']],
    [{}, ['due', 'left', 'sku']],
  ])('DOM-51 lacks what is missing in %j, and that is what its maker is told', (given, missing) => {
    const { issues } = thrownBy(() => new SoldOut(given as never)) as ValidationFailed
    const paths = issues.map(({ path }) => path)

    expect(paths.sort()).toEqual(missing)
  })

  test('DOM-52 is kept whole, with what its text does not use', () => {
    const more = { ...data, colour: 'red' }

    expect(new SoldOut(more).data).toEqual({ ...more, due: new Date('2026-01-02') })
  })

  test('is frozen, to its depths', () => {
    const tags = ['red']
    const { data: kept } = new SoldOut({ ...data, tags })

    expect(() => Object.assign(kept, { sku: 'desk' })).toThrow(TypeError)
    expect(() => (kept.tags as string[]).push('blue')).toThrow(TypeError)
  })

  test('may hold nothing that JSON would lose', () => {
    expect(() => new SoldOut({ ...data, tags: new Set() })).toThrow(
      expect.objectContaining({
        code: 'ValidationFailed',
        issues: [{ path: 'tags', message: 'Set has no JSON' }],
      }),
    )
  })
})

const to: ReplyAddress = {
  replyTo: 'amq.rabbitmq.reply-to.x',
  messageId: '0198c0de-0000-7000-8000-000000000001',
  correlationId: undefined,
  wire: { kind: 'command', domain: 'shop', name: 'Sell', version: 1 },
}

test('ERR-05 an error that has crossed the wire has the domain, the text and the data that it had', () => {
  const thrown = new SoldOut(data)
  const frame = declaredErrorFrame(to, shop.commands.Sell, thrown, 'shop-1')
  const caught = thrownBy(() => readAnswer(shop.commands.Sell, 'error', frame?.body ?? Buffer.from('')))

  expect(frame?.properties.messageId).toMatch(/^[0-9a-f-]{36}$/)
  expect(frame?.properties.headers?.['x-posthorn-causation-id']).toBe(to.messageId)
  expect(caught).toBeInstanceOf(SoldOut)
  const { domain, message, data: kept, name } = thrown
  expect(caught).toMatchObject({ domain, message, data: kept, name })
})

test('ERR-11 an error answer that is not JSON leaves the outcome of the call unknown', () => {
  expect(() => readAnswer(shop.commands.Sell, 'error', Buffer.from('{"domain":'))).toThrow(
    expect.objectContaining({ code: 'InvalidReply', outcome: 'unknown' }),
  )
})

test('DOM-04 an error that two commands declare alike is one class', () => {
  expect(shop.commands.Sell.errors.SoldOut).toBe(SoldOut)
  expect(shop.commands.Hold.errors.SoldOut).toBe(SoldOut)
})

test('DOM-05 ERR-16 one error name with two schemas is refused', () => {
  const again = command({ input: sku, errors: { Banned: z.object({ sku: z.string() }) } })

  expect(() =>
    defineDomain('shop', {
      commands: { Sell: command({ input: sku, errors: { Banned: sku } }), Hold: again },
    }),
  ).toThrow(
    expect.objectContaining({
      code: 'InvalidDefinition',
      message: expect.stringContaining('shop.Banned is declared with two schemas'),
    }),
  )
})

test('an error that is declared without a schema is refused', () => {
  for (const nothing of [undefined, null, 'text', {}, { data: {} }]) {
    const sell = () => command({ input: sku, errors: { Banned: nothing as never } })
    expect(() => defineDomain('shop', { commands: { Sell: sell() } })).toThrow(
      expect.objectContaining({ code: 'InvalidDefinition' }),
    )
  }
})

test('all declared errors are caught by one class', () => {
  expect(new Banned({ sku: 'lamp' })).toBeInstanceOf(DeclaredError)
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
