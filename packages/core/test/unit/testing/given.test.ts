import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { detached, type HandlerContext, type Outgoing, shared } from '../../../src/internal-bus/handlers.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { MessageOf } from '../../../src/messages/definitions.ts'
import { given } from '../../../src/testing/given.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { AggregateMapping } from '../../../src/unit-of-work/repository.ts'
import { Shelf, type Shelves, type ShopUnit, sell, shop, supplier } from '../internal-bus/shop.ts'

const { Sell } = shop.commands
const { Counted, Sold } = shop.events
const { Order } = supplier.commands
const lamp = { sku: 'lamp' }

const mapping: AggregateMapping<Shelf> = {
  toRows: ({ id, sold }) => ({ root: { id, sold }, children: {} }),
  fromRows: ({ root }) => new Shelf(String(root['id']), Number(root['sold'])),
  childKeys: {},
}
const freshUnits = (store = new InMemoryStore()) =>
  inMemoryUnitsOfWork<Shelves, 'shop'>({
    domain: shop,
    store,
    repositories: { shelves: (unit: InMemoryUnit) => inMemoryRepository(unit, 'shelves', mapping) },
  })
const soldBefore = (count: number) => (unit: ShopUnit) => unit.shelves.add(new Shelf('lamp', count))

describe('given units of work, when a handler is called', () => {
  test('the outcome is what it gives and what it raises', async () => {
    const then = await given(freshUnits(), soldBefore(2)).when(sell, Sell(lamp))
    then.gives({ sold: 3 }).raises(Sold(lamp)).sends()
    expect(then.result.sold).toBe(3)
    expect(then.raised(Sold)).toEqual([lamp])
    expect(then.error).toBeUndefined()
  })

  test('what it did is in the store, and what it raised in no outbox', async () => {
    const store = new InMemoryStore()
    const units = freshUnits(store)
    await given(units, soldBefore(2)).when(sell, Sell(lamp))
    expect(await units.run(async ({ shelves }) => (await shelves.get('lamp'))?.sold)).toBe(3)
    expect(store.queue.size).toBe(0)
  })

  test('what it throws is an outcome too, and leaves nothing behind', async () => {
    const units = freshUnits()
    const refuse = async (message: MessageOf<typeof Sell>, unit: ShopUnit) => {
      await sell(message, unit)
      throw new shop.errors.NotForSale(message.payload)
    }
    const then = await given(units).when(refuse, Sell(lamp))
    then.fails(shop.errors.NotForSale).fails(shop.errors.NotForSale, lamp).fails('DeclaredError')
    expect(then.messages).toEqual([])
    expect(() => then.result).toThrow(shop.errors.NotForSale)
    expect(() => then.gives(undefined as never)).toThrow(shop.errors.NotForSale)
    expect(() => then.raises()).toThrow(shop.errors.NotForSale)
    expect(await units.run(({ shelves }) => shelves.get('lamp'))).toBeUndefined()
  })

  test('what its commit comes to is its outcome', async () => {
    const addAgain = (_message: MessageOf<typeof Sell>, unit: ShopUnit) => unit.shelves.add(new Shelf('lamp'))
    const then = await given(freshUnits(), soldBefore(1)).when(addAgain, Sell(lamp))
    then.fails('AggregateExists')
  })

  test('it is told what the test wants it to be told', async () => {
    const tell = (
      _message: MessageOf<typeof Sell>,
      _unit: ShopUnit,
      { caller, attempt, dependencies }: HandlerContext<{ rate: number }>,
    ) => [caller, attempt, dependencies.rate]
    const context = { caller: 'web', dependencies: { rate: 7 } }
    const then = await given(freshUnits()).when(tell, Sell(lamp), context)
    then.gives(['web', 1, 7])
    const told = (_message: MessageOf<typeof Sell>, _unit: ShopUnit, { caller }: HandlerContext) => caller
    ;(await given(freshUnits()).when(told, Sell(lamp))).gives('shop')
  })

  test('a handler may be one of a shared unit, or have none', async () => {
    const count = shared((_event: MessageOf<typeof Sold>, unit: ShopUnit) => unit.publish(Counted(lamp)))
    ;(await given(freshUnits()).when(count, Sold(lamp))).raises(Counted(lamp))
    const order = detached((event: MessageOf<typeof Sold>, outgoing: Outgoing<'shop'>) => {
      outgoing.send(Order(event.payload))
      expect(Object.keys(outgoing)).not.toContain('shelves')
    })
    const then = await given(freshUnits()).when(order, Sold(lamp))
    then.sends(Order(lamp)).raises()
    expect(then.sent(Order)).toEqual([lamp])
  })
})

describe('given an aggregate, when it is made to do something', () => {
  const till = defineDomain('till', {
    commands: { Pay: command({ input: z.object({}), errors: { Empty: z.object({}) } }) },
    events: { Paid: event(z.object({ coins: z.int() })) },
  })
  class Till {
    readonly id = 'till'
    readonly events: ReturnType<typeof till.events.Paid>[] = []
    pay(coins: number): string {
      if (coins === 0) throw new till.errors.Empty({})
      this.events.push(till.events.Paid({ coins }))
      return `${coins} paid`
    }
  }

  test('the outcome is what it gives and what it raises, each time anew', () => {
    const fixture = given(new Till())
    fixture
      .when((one) => one.pay(1))
      .gives('1 paid')
      .raises(till.events.Paid({ coins: 1 }))
    expect(fixture.when((one) => one.pay(2)).raised(till.events.Paid)).toEqual([{ coins: 2 }])
  })

  test('what it throws is an outcome too', () => {
    given(new Till())
      .when((one) => one.pay(0))
      .fails(till.errors.Empty, {})
  })
})

describe('an expectation that is not met', () => {
  const outcome = () => given(new Shelf('lamp')).when(({ events }) => events.push(Sold(lamp), Sold(lamp)))
  const assertion = expect.objectContaining({ code: 'ERR_ASSERTION' })

  test.each([
    ['another result', () => outcome().gives(3)],
    ['fewer events than expected', () => outcome().raises(Sold(lamp), Sold(lamp), Sold(lamp))],
    ['more events than expected', () => outcome().raises(Sold(lamp))],
    ['another payload', () => outcome().raises(Sold(lamp), Sold({ sku: 'sofa' }))],
    ['another event', () => outcome().raises(Sold(lamp), Counted(lamp))],
    ['a command that was not sent', () => outcome().sends(Order(lamp))],
    ['an error that was not thrown', () => outcome().fails(shop.errors.NotForSale)],
  ])('is told as an assertion of Node: %s', (_what, expectation) => {
    expect(expectation).toThrow(assertion)
  })

  test('tells which error it was instead, and what it carries', () => {
    const refused = given(new Shelf('lamp')).when(() => {
      throw new shop.errors.NotForSale(lamp)
    })
    expect(() => refused.fails('ConcurrencyConflict')).toThrow(
      /otherwise than with ConcurrencyConflict: .*NotForSale/,
    )
    expect(() => refused.fails(TypeError)).toThrow(assertion)
    expect(() => refused.fails(shop.errors.NotForSale, { sku: 'sofa' })).toThrow(assertion)
  })
})
