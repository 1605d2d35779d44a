import { describe, expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import { replyFrame } from '../../../src/external-bus/answers.ts'
import type { Frame, FrameProperties } from '../../../src/external-bus/broker.ts'
import type { CallOptions } from '../../../src/external-bus/external-bus.ts'
import { PendingCalls } from '../../../src/external-bus/pending-calls.ts'
import { parseWireType } from '../../../src/external-bus/wire-format.ts'
import { ManualClock, settle } from '../manual-clock.ts'
import { allocation } from './allocation-system.ts'

const { Allocate } = allocation.commands
const result = { status: 'allocated', batchRef: 'b1' }
const connectionLost = () =>
  new PosthornError('ConnectionLost', 'lost', { outcome: 'unknown', retryable: true })

function replyTo(command: { readonly id: string }, change: FrameProperties = {}): Frame {
  const wire = parseWireType('command:allocation.Allocate.v1')
  if (wire === undefined) throw new Error('the type is valid')
  const frame = replyFrame(
    { replyTo: 'r', messageId: command.id, correlationId: undefined, wire },
    result,
    'i',
  )
  return { ...frame, properties: { ...frame.properties, userId: 'allocation', ...change } }
}

function openCalls(limit = 10) {
  const clock = new ManualClock()
  const calls = new PendingCalls(clock, limit)
  const start = (transmit: (timeLeft: number) => Promise<void>, options?: CallOptions) => {
    const command = Allocate({ orderId: 'o', sku: 's', qty: 1 })
    const outcome = calls.call(Allocate, command, transmit, options).then(
      (value) => ({ value, error: undefined }),
      (error: unknown) => ({ value: undefined, error }),
    )
    return { command, outcome }
  }
  return { clock, calls, start }
}

const confirmed = async () => undefined

describe('an answer', () => {
  test('C42 that comes before the broker’s confirm finds its call waiting', async () => {
    const { calls } = openCalls()
    const command = Allocate({ orderId: 'o', sku: 's', qty: 1 })
    const call = calls.call(Allocate, command, async () => calls.onReply('allocation', replyTo(command)))
    expect(await call).toEqual(result)
    expect(calls.size).toBe(0)
    expect(calls.dropped).toBe(0)
  })

  test.each<[string, string, FrameProperties]>([
    ['from another user', 'allocation', { userId: 'storefront' }],
    ['without a user', 'allocation', { userId: '' }],
    ['over another domain’s link', 'notifications', { userId: 'notifications' }],
    ['to another command', 'allocation', { type: 'reply:allocation.Forget.v1' }],
    ['of another version', 'allocation', { type: 'reply:allocation.Allocate.v2' }],
    ['without a type', 'allocation', { type: '' }],
    ['of another kind', 'allocation', { type: 'event:allocation.OutOfStock.v1' }],
    ['that names no call', 'allocation', { headers: {} }],
    ['whose word about its call is no text', 'allocation', { headers: { 'x-posthorn-causation-id': 7 } }],
    ['to an unknown call', 'allocation', { headers: { 'x-posthorn-causation-id': 'x' } }],
  ])('%s is dropped and counted, and the call still waits', async (_what, domain, change) => {
    const { calls, start } = openCalls()
    const { command, outcome } = start(confirmed)
    calls.onReply(domain, replyTo(command, change))
    expect(calls.dropped).toBe(1)
    calls.onReply('allocation', replyTo(command))
    expect(await outcome).toMatchObject({ value: result })
  })

  test('counts once; the second is dropped', async () => {
    const { calls, start } = openCalls()
    const { command, outcome } = start(confirmed)
    calls.onReply('allocation', replyTo(command))
    calls.onReply('allocation', replyTo(command))
    expect(await outcome).toMatchObject({ value: result })
    expect(calls.dropped).toBe(1)
  })
})

describe('a call', () => {
  test('times out after 30 s unless told otherwise, and is forgotten', async () => {
    const { clock, calls, start } = openCalls()
    const { outcome } = start(confirmed)
    await clock.advance(29_999)
    expect(calls.size).toBe(1)
    await clock.advance(1)
    expect(await outcome).toMatchObject({ error: { code: 'CallTimeout', outcome: 'unknown' } })
    expect(calls.size).toBe(0)
  })

  test('is told each time how long its caller still waits', async () => {
    const { clock, calls, start } = openCalls()
    const lefts: number[] = []
    const { command } = start(async (left) => void lefts.push(left), { timeout: 5_000 })
    await clock.advance(2_000)
    calls.onRepliesLost('allocation')
    await clock.advance(50)
    expect(lefts).toEqual([5_000, 2_950])
    calls.onReply('allocation', replyTo(command))
  })

  test('fails with what publishing it failed with', async () => {
    const { start } = openCalls()
    const error = new PosthornError('Unroutable', 'no queue', { outcome: 'not-executed' })
    const { outcome } = start(() => Promise.reject(error))
    expect(await outcome).toMatchObject({ error })
  })

  test('whose publishing ran out of time fails as a call that timed out', async () => {
    const { clock, start } = openCalls()
    const late = new PosthornError('PublishTimeout', 'late', { outcome: 'unknown' })
    const { outcome } = start(() => Promise.reject(late), { timeout: 100 })
    await clock.advance(100)
    expect(await outcome).toMatchObject({ error: { code: 'CallTimeout' } })
  })

  test('is sent again after a lost connection, with a pause, while a second is left', async () => {
    const { clock, calls, start } = openCalls()
    const sent: number[] = []
    const { command, outcome } = start(
      async () => {
        sent.push(1)
        if (sent.length < 3) throw connectionLost()
      },
      { timeout: 3_000 },
    )
    await settle()
    expect(sent).toHaveLength(1)
    await clock.advance(100)
    expect(sent).toHaveLength(3)
    calls.onReply('allocation', replyTo(command))
    expect(await outcome).toMatchObject({ value: result })
  })

  test('is not sent again with less than a second left', async () => {
    const { clock, calls, start } = openCalls()
    const sent: number[] = []
    const { outcome } = start(async () => void sent.push(1), { timeout: 3_000 })
    await clock.advance(2_001)
    calls.onRepliesLost('allocation')
    expect(await outcome).toMatchObject({ error: { code: 'ConnectionLost', outcome: 'unknown' } })
    expect(sent).toHaveLength(1)
  })

  test('is sent once for one lost connection, however often it is told of it', async () => {
    const { clock, calls, start } = openCalls()
    const sent: number[] = []
    const failures: (() => void)[] = []
    const { command } = start(() => {
      sent.push(1)
      return sent.length > 1
        ? Promise.resolve()
        : new Promise((_, reject) => void failures.push(() => reject(connectionLost())))
    })
    await settle()
    calls.onRepliesLost('allocation')
    failures[0]?.()
    calls.onRepliesLost('allocation')
    await clock.advance(1_000)
    expect(sent).toHaveLength(2)
    calls.onReply('allocation', replyTo(command))
  })

  test('to another domain does not care', async () => {
    const { clock, calls, start } = openCalls()
    const sent: number[] = []
    const { command } = start(async () => void sent.push(1))
    calls.onRepliesLost('notifications')
    await clock.advance(1_000)
    expect(sent).toHaveLength(1)
    calls.onReply('allocation', replyTo(command))
  })

  test('that was sent before may have run, even when sending it again did not succeed', async () => {
    const { clock, calls, start } = openCalls()
    const sent: number[] = []
    const { outcome } = start(async () => {
      sent.push(1)
      if (sent.length === 2) throw new PosthornError('Unroutable', 'no queue', { outcome: 'not-executed' })
    })
    await settle()
    calls.onRepliesLost('allocation')
    await clock.advance(50)
    expect(await outcome).toMatchObject({ error: { code: 'Unroutable', outcome: 'unknown' } })
  })

  test('that was sent again may yet succeed when one of its copies has failed', async () => {
    const { clock, calls, start } = openCalls()
    const { command, outcome } = start(confirmed)
    await settle()
    calls.onRepliesLost('allocation')
    await clock.advance(50)
    const failed = { domain: 'allocation', name: 'InternalError', errorId: 'e', outcome: 'failed' }
    calls.onReply('allocation', {
      ...replyTo(command, { type: 'error:allocation.Allocate.v1' }),
      body: Buffer.from(JSON.stringify(failed)),
    })
    expect(await outcome).toMatchObject({
      error: { code: 'RemoteError', remoteName: 'InternalError', outcome: 'unknown' },
    })
  })

  test('cannot wait twice', async () => {
    const { calls } = openCalls()
    const command = Allocate({ orderId: 'o', sku: 's', qty: 1 })
    const first = calls.call(Allocate, command, confirmed)
    await expect(calls.call(Allocate, command, confirmed)).rejects.toMatchObject({ code: 'DuplicateCall' })
    calls.onReply('allocation', replyTo(command))
    expect(await first).toEqual(result)
  })

  test('that waits when the bus stops may have run', async () => {
    const { calls, start } = openCalls()
    const both = [start(confirmed), start(confirmed)]
    calls.stop()
    for (const { outcome } of both) {
      expect(await outcome).toMatchObject({ error: { code: 'BusStopped', outcome: 'unknown' } })
    }
    expect(calls.size).toBe(0)
  })

  test('beyond the limit is refused without being sent', async () => {
    const { calls, start } = openCalls(1)
    const sent: number[] = []
    const first = start(confirmed)
    const { outcome } = start(async () => void sent.push(1))
    expect(await outcome).toMatchObject({ error: { code: 'TooManyCalls', outcome: 'not-executed' } })
    expect(sent).toHaveLength(0)
    calls.onReply('allocation', replyTo(first.command))
  })
})
