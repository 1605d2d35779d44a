import { expect, test } from 'vitest'
import { market } from '../../../src/contract-tests/unit-of-work/market.ts'
import { PosthornError } from '../../../src/errors.ts'
import { Forwarding } from '../../../src/outbox/forwarding.ts'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { storedMessage } from '../../../src/outbox/stored-message.ts'
import { ManualClock, settle } from '../manual-clock.ts'

test('an entry waits for one of its key that was given before', async () => {
  const { forwarding, begun, end } = setUp()
  const first = forwarding.forward([entry('1', 'a')])
  const second = forwarding.forward([entry('2', 'a'), entry('3', 'b')])
  await settle()
  expect(begun).toEqual(['1', '3'])
  end('1')
  end('3')
  await settle()
  expect(begun).toEqual(['1', '3', '2'])
  end('2')
  expect(positionsOf(await first)).toEqual(['1'])
  expect(positionsOf(await second)).toEqual(['3', '2'])
})

test('an entry that fails keeps back all of its key, whenever they are given', async () => {
  const { forwarding, begun, end } = setUp()
  const first = forwarding.forward([entry('1', 'a')])
  const second = forwarding.forward([entry('2', 'a'), entry('3', null)])
  end('1', new Error('not now'))
  end('3')
  expect(await first).toMatchObject([{ position: '1', ok: false, retryable: true }])
  expect(positionsOf(await second)).toEqual(['3'])
  const third = forwarding.forward([entry('4', 'a'), entry('5', 'b')])
  end('5')
  expect(positionsOf(await third)).toEqual(['5'])
  expect(begun).toEqual(['1', '3', '5'])
})

test('a domain that cannot be reached is not tried again with what is given later', async () => {
  const { forwarding, begun, end } = setUp()
  const first = forwarding.forward([entry('1', 'a')])
  end('1', new PosthornError('ConnectionLost', 'gone', { outcome: 'unknown' }))
  expect(await first).toEqual([])
  expect(await forwarding.forward([entry('2', 'b'), entry('3', null)])).toEqual([])
  expect(begun).toEqual(['1'])
  expect([...forwarding.unreachable]).toEqual([market.name])
})

test('a broker that is slow is not away: what had to wait is left for the next turn', async () => {
  const { forwarding, begun, end, clock } = setUp()
  const positions = Array.from({ length: 300 }, (_, index) => String(index))
  const forwarded = forwarding.forward(positions.map((position) => entry(position, position)))
  await clock.advance(1_100)
  expect(begun).toHaveLength(256)
  for (const position of [...begun]) end(position)
  expect(positionsOf(await forwarded)).toEqual(positions.slice(0, 256))
  expect(forwarding.unreachable.size).toBe(0)
  expect(begun).toHaveLength(256)
})

function setUp() {
  const clock = new ManualClock()
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers>()
  const endOf = (position: string) => {
    const known = ends.get(position) ?? withResolvers()
    ends.set(position, known)
    return known
  }
  const forwarding = new Forwarding({
    forward: ({ position }) => {
      begun.push(position)
      return endOf(position).promise
    },
    onError: () => undefined,
    clock,
    deadline: 3_500,
  })
  const end = (position: string, error?: Error) => {
    if (error === undefined) endOf(position).resolve()
    else endOf(position).reject(error)
  }
  return { forwarding, clock, begun, end }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function withResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  return { promise, resolve, reject }
}

function entry(position: string, key: string | null): OutboxEntry {
  const message = storedMessage(market.events.Looked({ basketId: key ?? '' }))
  return { position, message, handler: null, key, depth: 0, attempts: 0 }
}

function positionsOf(settlements: readonly { readonly position: string }[]): readonly string[] {
  return settlements.map(({ position }) => position)
}
