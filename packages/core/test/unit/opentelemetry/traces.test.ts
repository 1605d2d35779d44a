import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Recorder, startRecorder } from './recorder.ts'
import { shop, twoDomains } from './two-domains.ts'

let recorder: Recorder

beforeEach(() => {
  recorder = startRecorder()
})

afterEach(() => recorder.end())

/** A sale from a request until the depot has moved it, all ended. */
async function sale(sku = 'lamp') {
  const world = await twoDomains(recorder.telemetry)
  await recorder.around('POST /sales', () => world.shopBus.handle(shop.commands.Sell({ sku })))
  await world.moved
  await world.stop()
}

test('one trace goes from a request over the outbox and the broker to what the other domain does, and back', async () => {
  await sale()
  const { traceId } = recorder.span('POST /sales').spanContext()
  const spans = recorder.spans().filter((span) => span.spanContext().traceId === traceId)
  const ids = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  const parents = spans.map(({ name, parentSpanContext }) => [
    name,
    parentSpanContext && ids.get(parentSpanContext.spanId),
  ])
  const sold = 'x.events:evt.Sold'
  const asked = 'x.cmd.depot:call.Price'
  const move = 'handle shop.Sold/move'
  expect(parents.filter(([name]) => !String(name).startsWith('transaction')).sort()).toEqual(
    [
      ['POST /sales', undefined],
      ['handle shop.Sell', 'POST /sales'],
      ['handle shop.Told/note', 'handle shop.Sell'],
      [`publish ${sold}`, 'handle shop.Sell'],
      [`process ${sold}:depot.q.events`, `publish ${sold}`],
      // The message is claimed by one transaction, and its detached handler runs after that.
      [move, `process ${sold}:depot.q.events`],
      [move, move],
      ['call shop.Price', move],
      [`publish ${asked}`, 'call shop.Price'],
      [`process ${asked}:q.calls`, `publish ${asked}`],
      ['handle shop.Price', `process ${asked}:q.calls`],
      ['handle depot.Moved/done', move],
    ].sort(),
  )
  const transactions = parents.filter(([name]) => String(name).startsWith('transaction'))
  expect(transactions.map(([, parent]) => parent).sort()).toEqual(
    [
      'handle shop.Sell',
      'handle shop.Told/note',
      move,
      move,
      'handle shop.Price',
      'handle depot.Moved/done',
    ].sort(),
  )
})

test('a batch of the relay is linked to what caused its messages, and each publication to the batch', async () => {
  await sale()
  const relay = recorder.span('relay outbox')
  const sell = recorder.span('handle shop.Sell')
  expect(relay.parentSpanContext).toBeUndefined()
  expect(relay.attributes).toEqual({ 'messaging.batch.message_count': 1 })
  expect(relay.links.map(({ context }) => context.spanId)).toEqual([sell.spanContext().spanId])
  const published = recorder.span('publish x.events:evt.Sold')
  expect(published.links.map(({ context }) => context.spanId)).toEqual([relay.spanContext().spanId])
})

test('what goes over the broker is described by the conventions for messaging', async () => {
  await sale()
  const published = recorder.span('publish x.events:evt.Sold')
  expect(published.kind).toBe(SpanKind.PRODUCER)
  const id = published.attributes['messaging.message.id']
  const both = {
    'messaging.system': 'posthorn',
    'messaging.message.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'messaging.message.conversation_id': recorder.span('handle shop.Sell').attributes['messaging.message.id'],
    'posthorn.message.type': 'shop.Sold',
  }
  expect(published.attributes).toEqual({
    ...both,
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'x.events:evt.Sold',
  })
  const processed = recorder.span('process x.events:evt.Sold:depot.q.events')
  expect(processed.kind).toBe(SpanKind.CONSUMER)
  expect(processed.links.map(({ context }) => context.spanId)).toEqual([published.spanContext().spanId])
  expect(processed.attributes).toEqual({
    ...both,
    'messaging.message.id': id,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'x.events:evt.Sold:depot.q.events',
    'posthorn.attempt': 1,
  })
  expect(recorder.span('call shop.Price').kind).toBe(SpanKind.CLIENT)
})

test('a handler’s message carries the context of its handling, and what it causes elsewhere follows', async () => {
  let seen: string | null = null
  const world = await twoDomains(recorder.telemetry, {
    sell: (message) => {
      seen = message.traceparent
    },
  })
  await world.shopBus.handle(shop.commands.Sell({ sku: 'lamp' }))
  await world.stop()
  const { traceId, spanId } = recorder.span('handle shop.Sell').spanContext()
  expect(seen).toBe(`00-${traceId}-${spanId}-01`)
})

test('a trace that came with the message is gone on with', async () => {
  const world = await twoDomains(recorder.telemetry)
  const cause = { id: 'c', correlationId: 'c', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }
  await world.shopBus.handle(shop.commands.Sell({ sku: 'lamp' }, cause))
  await world.stop()
  const handled = recorder.span('handle shop.Sell')
  expect(handled.spanContext().traceId).toBe('a'.repeat(32))
  expect(handled.parentSpanContext?.spanId).toBe('b'.repeat(16))
})

test('what a unit outside the bus publishes belongs to its transaction', async () => {
  const world = await twoDomains(recorder.telemetry)
  await world.shopUnits.run(async (unit) => unit.publish(shop.events.Sold({ sku: 'lamp' })))
  await world.moved
  await world.stop()
  const published = recorder.span('publish x.events:evt.Sold')
  const transaction = recorder.spans().find((span) => span.name === 'transaction shop')
  expect(published.parentSpanContext?.spanId).toBe(transaction?.spanContext().spanId)
})

test('of what fails the kind of error is told, and not a word of it or of a payload', async () => {
  const world = await twoDomains(recorder.telemetry, {
    sell: () => {
      throw new TypeError('the secret is hunter2')
    },
  })
  await expect(world.shopBus.handle(shop.commands.Sell({ sku: 'sku-hunter2' }))).rejects.toThrow(TypeError)
  await world.stop()
  const handled = recorder.span('handle shop.Sell')
  expect(handled.status).toEqual({ code: SpanStatusCode.ERROR })
  expect(handled.attributes).toMatchObject({ 'error.type': 'TypeError' })
  expect(recorder.span('transaction shop').attributes).toEqual({
    'posthorn.domain': 'shop',
    'posthorn.attempt': 1,
    'posthorn.transaction.outcome': 'rolled-back',
  })
  const told = recorder
    .spans()
    .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
  expect(JSON.stringify(told)).not.toContain('hunter2')
})

test('an error of the contract is told by its name', async () => {
  const world = await twoDomains(recorder.telemetry, {
    sell: () => {
      throw new shop.errors.SoldOut({ sku: 'lamp' })
    },
  })
  await expect(world.shopBus.handle(shop.commands.Sell({ sku: 'lamp' }))).rejects.toThrow(shop.errors.SoldOut)
  await world.stop()
  expect(recorder.span('handle shop.Sell').attributes).toMatchObject({ 'error.type': 'SoldOut' })
})

test('without telemetry a handler gets the very message that was handed in, and nothing goes with it', async () => {
  let seen: unknown
  const world = await twoDomains(undefined, {
    sell: (message) => {
      seen = message
    },
  })
  const sell = shop.commands.Sell({ sku: 'lamp' })
  await world.shopBus.handle(sell)
  await world.moved
  await world.stop()
  expect(seen).toBe(sell)
  expect(recorder.spans()).toEqual([])
})
