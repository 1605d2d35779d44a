import { afterEach, beforeEach, expect, test } from 'vitest'
import { traceFields } from '../../../src/opentelemetry.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { shop, twoDomains } from './two-domains.ts'

let recorder: Recorder

beforeEach(() => {
  recorder = startRecorder()
})

afterEach(() => recorder.end())

test('a line written by a handler says in which span, and for which business transaction', async () => {
  let fields: unknown
  const world = await twoDomains(recorder.telemetry, {
    sell: () => {
      fields = traceFields()
    },
  })
  const sell = shop.commands.Sell({ sku: 'lamp' })
  await world.shopBus.handle(sell)
  await world.stop()
  const { traceId, spanId } = recorder.span('handle shop.Sell').spanContext()
  expect(fields).toEqual({
    trace_id: traceId,
    span_id: spanId,
    trace_flags: '01',
    correlationId: sell.correlationId,
  })
})

test('a line written outside says nothing of it', () => {
  expect(traceFields()).toEqual({})
})
