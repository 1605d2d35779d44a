import { expect, test } from 'vitest'
import { detached } from '../../../src/internal-bus/handlers.ts'
import { settle } from '../manual-clock.ts'
import { gate, makeShop, openShop, sell, shop } from './shop.ts'

const lamp = { sku: 'lamp' }

const notStarted = { code: 'BusNotStarted', outcome: 'not-executed' }

test('BUS-12 a bus that has not been started refuses commands and events', async () => {
  const { bus } = makeShop()

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(notStarted)
  await expect(bus.handle(shop.events.Sold(lamp))).rejects.toMatchObject(notStarted)
})

test('BUS-02 a started bus takes messages', async () => {
  const { bus } = makeShop()
  await bus.start()

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
})

test('BUS-03 a stopped bus takes none, from the moment it was asked to stop', async () => {
  const { bus } = await openShop()
  const stopping = bus.stop()

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(notStarted)
  await stopping
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(notStarted)
})

test('BUS-04 a stopped bus can be started again', async () => {
  const { bus } = await openShop()
  await bus.stop()
  await bus.start()

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
})

test('BUS-05 starting a started bus changes nothing', async () => {
  let held = 0
  const { bus } = await openShop({
    lifespan: () => {
      held += 1
      return { [Symbol.asyncDispose]: async () => undefined }
    },
    sell: (_command, _unit, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')))
      }),
  })
  const givenUp = expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('given up')
  await bus.start()
  expect(bus.inFlight).toBe(1)

  expect(await bus.stop({ deadline: 20 })).toEqual(['shop.Sell'])
  await givenUp
  expect(held).toBe(1)
})

test('BUS-22 stop waits for 1,000 commands under way', async () => {
  const { opened, open } = gate()
  const { bus } = await openShop({ sell: () => opened.then(() => ({ sold: 1 })) })
  const handling = Array.from({ length: 1_000 }, () => bus.handle(shop.commands.Sell(lamp)))
  const stopping = bus.stop()
  expect(bus.inFlight).toBe(1_000)
  open()

  expect(await stopping).toEqual([])
  expect(bus.inFlight).toBe(0)
  expect(new Set((await Promise.all(handling)).map(({ sold }) => sold))).toEqual(new Set([1]))
})

test('BUS-23 stop waits for 1,000 event handlers under way', async () => {
  const { opened, open } = gate()
  let handled = 0
  const { bus } = await openShop({
    events: {
      Sold: {
        count: async () => {
          await opened
          handled += 1
        },
      },
    },
  })
  const handling = Array.from({ length: 1_000 }, () => bus.handle(shop.events.Sold(lamp)))
  const stopping = bus.stop()
  open()

  expect(await stopping).toEqual([])
  expect(handled).toBe(1_000)
  await Promise.all(handling)
})

test('BUS-28 two stops at once both end, when what is under way has ended', async () => {
  const { opened, open } = gate()
  const ended: string[] = []
  const { bus } = await openShop({
    sell: async (command, unit) => {
      await opened
      ended.push('sold')
      return sell(command, unit)
    },
  })
  const handling = bus.handle(shop.commands.Sell(lamp))
  const stops = ['first', 'second'].map((name) => bus.stop().then((left) => ended.push(name) && left))
  open()

  expect(await Promise.all(stops)).toEqual([[], []])
  expect(ended).toEqual(['sold', 'first', 'second'])
  await handling
})

test('BUS-29 a start during a stop waits for that stop', async () => {
  const { opened, open } = gate()
  const ended: string[] = []
  const { bus } = await openShop({ sell: () => opened.then(() => ({ sold: ended.push('sold') })) })
  const handling = bus.handle(shop.commands.Sell(lamp))
  const stopping = bus.stop().then(() => ended.push('stopped'))
  const starting = bus.start().then(() => ended.push('started'))
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(notStarted)
  open()
  await Promise.all([handling, stopping, starting])

  expect(ended).toEqual(['sold', 'stopped', 'started'])
  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 4 })
})

test('BUS-30 a bus that was never started can be stopped and disposed', async () => {
  const { bus } = makeShop({ lifespan: () => Promise.reject(new Error('not wanted')) })

  expect(await bus.stop()).toEqual([])
  await bus[Symbol.asyncDispose]()
})

test('BUS-36 what the lifespan holds is made before the first message is taken, and disposed after the last has ended', async () => {
  const seen: string[] = []
  const taken = () =>
    bus.handle(shop.events.Counted(lamp)).then(
      () => 'taken',
      () => 'refused',
    )
  const { bus } = makeShop({
    lifespan: async () => {
      seen.push(`made: ${await taken()}`)
      return { [Symbol.asyncDispose]: async () => void seen.push(`disposed: ${await taken()}`) }
    },
    events: { Sold: { note: () => seen.push('handled') } },
  })
  await bus.start()
  seen.push(`started: ${await taken()}`)
  const handling = bus.handle(shop.commands.Sell(lamp))
  await bus.stop()
  seen.push(`stopped: ${await taken()}`)
  await bus[Symbol.asyncDispose]()
  await handling

  expect(seen).toEqual([
    'made: refused',
    'started: taken',
    'handled',
    'stopped: refused',
    'disposed: refused',
  ])
})

test('a stop during the start has the last word, and breaks off what the lifespan waits for', async () => {
  const { bus } = makeShop({
    lifespan: (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  })
  const starting = expect(bus.start()).rejects.toMatchObject(notStarted)
  await settle()

  expect(await bus.stop()).toEqual([])
  await starting
})

test('no message is taken between a start and the stop that was asked for during it', async () => {
  const { opened, open } = gate()
  const disposed: string[] = []
  const { bus } = makeShop({
    lifespan: () => opened.then(() => ({ [Symbol.asyncDispose]: async () => void disposed.push('held') })),
  })
  const handling = bus.start().then(() => bus.handle(shop.commands.Sell(lamp)))
  const refused = expect(handling).rejects.toMatchObject(notStarted)
  await settle()
  const disposing = bus[Symbol.asyncDispose]()
  open()

  await refused
  await disposing
  expect(disposed).toEqual(['held'])
})

test('a start whose lifespan fails says so, and another start may follow', async () => {
  let broken = true
  const { bus } = makeShop({
    lifespan: async () => {
      if (broken) throw new Error('no connection')
      return { [Symbol.asyncDispose]: async () => undefined }
    },
  })
  await expect(bus.start()).rejects.toThrow('no connection')
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(notStarted)
  broken = false
  await bus.start()

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
})

test('stop lets what is in flight and its follow-ups finish, and refuses what is new', async () => {
  const { opened, open } = gate()
  const seen: string[] = []
  const { bus } = await openShop({
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
    events: { Sold: { note: () => seen.push('noted') } },
  })

  const handling = bus.handle(shop.commands.Sell(lamp))
  const stopping = bus.stop()
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'BusNotStarted' })
  expect(bus.inFlight).toBe(1)
  open()

  expect(await handling).toEqual({ sold: 1 })
  expect(await stopping).toEqual([])
  expect(seen).toEqual(['noted'])
})

test('stop names what it abandoned at the deadline, and aborts it', async () => {
  const { opened, open } = gate()
  const { bus, soldOf } = await openShop({
    sell: async (command, unit, { signal }) => {
      const result = await sell(command, unit)
      signal.addEventListener('abort', open)
      await opened
      return result
    },
  })
  const handling = bus.handle(shop.commands.Sell(lamp))

  expect(await bus.stop({ deadline: 20 })).toEqual(['shop.Sell'])
  await expect(handling).rejects.toThrow()
  expect(await soldOf('lamp')).toBe(0)
})

test('a stop waits for a handler that goes on though its time is over, and names it', async () => {
  const { opened, open } = gate()
  const { bus } = await openShop({ handlerTimeout: 10, sell: () => opened.then(() => ({ sold: 1 })) })
  const late = { code: 'HandlerTimeout' }
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject(late)

  expect(bus.inFlight).toBe(1)
  expect(await bus.stop({ deadline: 20 })).toEqual(['shop.Sell'])
  open()
  expect(await bus.stop()).toEqual([])
})

test('BUS-35 what the lifespan holds lives from the first start until the bus is disposed', async () => {
  const events: string[] = []
  const signals: AbortSignal[] = []
  const { bus } = await openShop({
    lifespan: (signal) => {
      signals.push(signal)
      events.push('made')
      return { [Symbol.asyncDispose]: async () => void events.push('disposed') }
    },
  })
  await bus.stop()
  await bus.start()
  expect(events).toEqual(['made'])
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])

  await bus[Symbol.asyncDispose]()
  expect(events).toEqual(['made', 'disposed'])
})

test('what came from outside is aborted too when a stop abandons it', async () => {
  const { opened, open } = gate()
  const { bus, soldOf } = await openShop({
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
  })
  const { signal } = new AbortController()
  const delivery = { caller: 'web', redelivered: false, attempt: 1, signal, fingerprint: 'a' }
  const receiving = bus.receive(shop.commands.Sell(lamp), delivery)
  const refused = expect(receiving).rejects.toThrow()
  await bus.stop({ deadline: 20 })
  open()

  await refused
  expect(await soldOf('lamp')).toBe(0)
})

test('BUS-25 after a stop has given up no follow-up runs, and none counts as failed', async () => {
  const { opened, open } = gate()
  const mails: string[] = []
  const { bus, store, errors } = await openShop({
    events: { Sold: { slow: () => opened, mail: detached(() => mails.push('mail')) } },
  })
  const handling = bus.handle(shop.commands.Sell(lamp))
  await bus.stop({ deadline: 20 })
  open()
  await handling

  expect([mails, errors]).toEqual([[], []])
  expect((await store.queue.depth()).local).toBe(2)
  expect(await store.queue.takeLocal(10, 1)).toEqual([])
})

test('starts and stops take effect in the order in which they were asked for', async () => {
  const lifespans: string[] = []
  const { opened, open } = gate()
  const { bus } = await openShop({
    lifespan: () => {
      lifespans.push('held')
      return { [Symbol.asyncDispose]: async () => undefined }
    },
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
  })
  await Promise.all([bus.start(), bus.start()])
  expect(lifespans).toEqual(['held'])

  const abandoned = bus.handle(shop.commands.Sell(lamp)).catch(() => 'abandoned')
  const stopping = bus.stop({ deadline: 20 })
  await bus.start()
  open()
  expect(await stopping).toEqual(['shop.Sell'])
  expect(await abandoned).toBe('abandoned')
  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })

  await Promise.all([bus.start(), bus.stop()])
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'BusNotStarted' })
})

test('a listener for errors that fails itself harms nobody', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    onError: () => {
      throw new Error('the logger is down')
    },
    events: {
      Sold: {
        fails: () => {
          throw new Error('broken')
        },
        works: () => seen.push('works'),
      },
    },
  })

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
  expect(seen).toEqual(['works'])
})
