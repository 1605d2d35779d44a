import { expect, test } from 'vitest'
import { market } from '../../../src/contract-tests/unit-of-work/market.ts'
import { PosthornError } from '../../../src/errors.ts'
import { settle } from '../manual-clock.ts'
import { keyOf, setUp } from './relay-world.ts'

test('a commit in this process is forwarded at once', async () => {
  const { relay, store, forwarded } = setUp()
  relay.start()
  await settle()
  const [first] = await store('a')
  await settle()
  expect(forwarded).toEqual([first])
  await relay.stop()
})

test('a commit during a batch is forwarded right after it', async () => {
  let release: () => void = () => undefined
  const { relay, store, forwarded } = setUp(
    () =>
      new Promise((resolve) => {
        release = resolve
      }),
  )
  const [first] = await store('a')
  relay.start()
  await settle()
  const [second] = await store('b')
  release()
  await settle()
  release()
  await settle()
  expect(forwarded).toEqual([first, second])
  await relay.stop()
})

test('what nobody announced is found by polling', async () => {
  const { relay, clock, store, queue, forwarded } = setUp()
  const [dead = ''] = await store('a')
  await queue.deliver(1, async ([entry]) => [
    { position: entry?.position ?? '', ok: false, error: 0, retryable: true },
  ])
  relay.start()
  await clock.advance(50)
  expect(forwarded).toEqual([])
  await clock.advance(1_000)
  expect(forwarded).toEqual([dead])
  await relay.stop()
})

test('an idle relay asks each queue once per poll', async () => {
  const { relay, clock, asked } = setUp()
  relay.start()
  await clock.advance(10_500)
  expect(asked).toEqual({ deliver: 11, takeLocal: 11 })
  await relay.stop()
})

test('entries of one key go one after another, different keys side by side', async () => {
  const open: string[] = []
  const { relay, clock, store } = setUp((message) => {
    open.push(keyOf(message))
    return new Promise(() => undefined)
  })
  await store('a', 'a', 'b', null, null)
  relay.start()
  await settle()
  expect(open.sort()).toEqual(['', '', 'a', 'b'])
  await Promise.all([relay.stop({ deadline: 0 }), clock.advance(0)])
})

test('no more than 256 entries are on their way at once', async () => {
  let open = 0
  const { relay, clock, store } = setUp(
    () => {
      open += 1
      return new Promise(() => undefined)
    },
    { batch: 400 },
  )
  await store(...Array.from({ length: 400 }, () => null))
  relay.start()
  await settle()
  expect(open).toBe(256)
  await Promise.all([relay.stop({ deadline: 0 }), clock.advance(0)])
})

test('F16 a failing head holds up its key and no other, and nothing overtakes it', async () => {
  let down = true
  const { relay, clock, store, forwarded, queue } = setUp(async (message) => {
    if (down && keyOf(message) === 'a') throw new Error('not now')
  })
  const [first, second, other] = await store('a', 'a', 'b')
  relay.start()
  await clock.advance(60_000)
  expect(forwarded).toEqual([other])
  down = false
  await clock.advance(60_000)
  expect(forwarded).toEqual([other, first, second])
  expect(await queue.deadLetters()).toEqual([])
  await relay.stop()
})

test.for(['BrokerUnreachable', 'ConnectionLost'] as const)(
  '%s is nobody’s failure: no attempt counts and the others are not tried',
  async (code) => {
    let down = true
    const { relay, clock, store, forwarded, queue, failures } = setUp(async () => {
      if (down) throw new PosthornError(code, 'gone', { outcome: 'unknown', retryable: true })
    })
    const ids = await store('a', 'a', 'b', null)
    relay.start()
    await clock.advance(30 * 60_000)
    expect(await queue.deadLetters()).toEqual([])
    const tries = failures.length
    down = false
    await clock.advance(1_100)
    expect(forwarded.sort()).toEqual([...ids].sort())
    expect(failures.slice(tries).length).toBeLessThanOrEqual(3)
    await relay.stop()
  },
)

test('a domain that cannot be reached holds up nobody else, however much waits for it', async () => {
  const { relay, clock, store, storeForBank, forwarded } = setUp(
    async ({ type }) => {
      if (type.startsWith('bank.')) throw new PosthornError('ConnectionLost', 'gone', { outcome: 'unknown' })
    },
    { batch: 20 },
  )
  await storeForBank(50)
  const waited = await store('a', 'a', null)
  relay.start()
  await clock.advance(500)
  expect(forwarded.sort()).toEqual(waited)
  const [next] = await store('a')
  await settle()
  expect(forwarded).toEqual([...waited, next])
  await relay.stop()
})

test('what was left alone goes as soon as its domain can be reached again', async () => {
  let down = true
  const { relay, clock, store, forwarded } = setUp(async () => {
    if (down) throw new PosthornError('BrokerUnreachable', 'gone', { retryable: true })
  })
  const ids = await store('a', 'a', 'b')
  relay.start()
  await clock.advance(100)
  down = false
  relay.wake()
  await clock.advance(100)
  expect(forwarded).toEqual([])
  relay.reach(market.name)
  await settle()
  expect([...forwarded].sort()).toEqual([...ids].sort())
  await relay.stop()
})

test('a domain that comes back while it is found to be away is not left alone', async () => {
  const fail: (() => void)[] = []
  let down = true
  const { relay, store, forwarded } = setUp(async () => {
    if (!down) return
    await new Promise<void>((resolve) => fail.push(resolve))
    throw new PosthornError('BrokerUnreachable', 'gone', { retryable: true })
  })
  const ids = await store('a')
  relay.start()
  await settle()
  down = false
  relay.reach(market.name)
  for (const end of fail) end()
  await settle()
  expect(forwarded).toEqual(ids)
  await relay.stop()
})

test('a listener for errors that fails itself stops nothing', async () => {
  const { relay, clock, store, queue, forwarded } = setUp(
    async () => {
      if (forwarded.length === 0 && (await queue.depth()).broker === 1) throw new Error('not now')
    },
    {
      onError: () => {
        throw new Error('the logger is down')
      },
    },
  )
  await store('a')
  relay.start()
  await clock.advance(500)
  const [, second] = await store('b', 'c')
  await clock.advance(5_000)
  expect(forwarded).toContain(second)
  expect(await queue.depth()).toMatchObject({ broker: 0 })
  await relay.stop()
})

test('what can never be forwarded is a dead letter at once', async () => {
  const { relay, store, queue, forwarded } = setUp(async (message) => {
    if (keyOf(message) === 'a') throw new PosthornError('Forbidden', 'no', { outcome: 'not-executed' })
  })
  const [, second] = await store('a', 'b')
  relay.start()
  await settle()
  expect(forwarded).toEqual([second])
  expect(await queue.deadLetters()).toMatchObject([{ reason: 'Forbidden: no', attempts: 1 }])
  await relay.stop()
})

test('an entry that hangs is given up for its batch, and neither sent beside itself nor overtaken', async () => {
  const tries: string[] = []
  let release: () => void = () => undefined
  const hanging = new Promise<void>((resolve) => {
    release = resolve
  })
  const { relay, clock, store, forwarded, queue } = setUp((message) => {
    tries.push(message.id)
    return keyOf(message) === 'a' ? hanging : Promise.resolve()
  })
  const [stuck, behind, other] = await store('a', 'a', 'b')
  relay.start()
  await clock.advance(20_000)
  expect(forwarded).toEqual([other])
  expect(tries).toEqual([stuck, other])
  expect(await queue.depth()).toMatchObject({ broker: 2 })
  release()
  await clock.advance(2_000)
  expect(forwarded).toEqual([other, stuck, behind])
  expect(await queue.depth()).toMatchObject({ broker: 0, dead: 0 })
  await relay.stop()
})

test('whatever fails, each key’s messages arrive in order and none is lost', async () => {
  let seed = 42
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  const { relay, clock, store, forwarded } = setUp(async (message) => {
    if (random() < 0.3) throw new Error(`not now: ${message.id}`)
  })
  const keys = Array.from({ length: 300 }, () => String(Math.floor(random() * 12)))
  const ids = await store(...keys)
  relay.start()
  await clock.advance(30 * 60_000)
  expect(forwarded.length).toBe(ids.length)
  for (const key of new Set(keys)) {
    const ofKey = ids.filter((_id, index) => keys[index] === key)
    expect(forwarded.filter((id) => ofKey.includes(id))).toEqual(ofKey)
  }
  await relay.stop()
})

test('a store that fails is reported, and tried again at the next poll', async () => {
  const { relay, clock, store, queue, forwarded, failures } = setUp()
  const [id] = await store('a')
  const deliver = queue.deliver
  queue.deliver = () => Promise.reject(new Error('no database'))
  relay.start()
  await clock.advance(100)
  expect(failures).toEqual(['no database'])
  queue.deliver = deliver
  await clock.advance(1_000)
  expect(forwarded).toEqual([id])
  await relay.stop()
})

test('stop waits for what is under way, and then takes nothing more', async () => {
  let release: () => void = () => undefined
  const { relay, store, forwarded } = setUp(
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  const [first] = await store('a')
  relay.start()
  await settle()
  let stopped = false
  const stopping = relay.stop().then(() => {
    stopped = true
  })
  await settle()
  expect(stopped).toBe(false)
  release()
  await stopping
  expect(forwarded).toEqual([first])
  await store('b')
  await settle()
  expect(forwarded).toEqual([first])
})

test('stop gives up at its deadline', async () => {
  const { relay, clock, store } = setUp(() => new Promise(() => undefined))
  await store('a')
  relay.start()
  await settle()
  let stopped = false
  const stopping = relay.stop({ deadline: 500 }).then(() => {
    stopped = true
  })
  await clock.advance(499)
  expect(stopped).toBe(false)
  await clock.advance(1)
  await stopping
})
