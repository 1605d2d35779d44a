import { afterEach, describe, expect, test } from 'vitest'
import { startRun } from '../../../src/testing/start-run.ts'
import type { TestRun } from '../../../src/testing/test-run.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { carter, carterService, mill, millService, system, type Weather } from './mill.ts'

const { Grind } = mill.commands
const { Ground, Swept } = mill.events
const { Fetch, Load } = carter.commands
const { Delivered } = carter.events

const runs: TestRun[] = []
afterEach(() => Promise.all(runs.splice(0).map((run) => run.stop())))

async function start(services: Parameters<typeof startRun>[0]['services']): Promise<TestRun> {
  const run = await startRun({ system, services })
  runs.push(run)
  return run
}
const both = (weather: Weather = {}) => start({ mill: millService(weather), carter: carterService(weather) })
const millAlone = (weather: Weather = {}) => start({ mill: millService(weather) })
const wordsOf = (rejected: Promise<unknown>) =>
  rejected.then(
    () => 'nothing',
    (error: Error) => error.message,
  )

describe('a run', () => {
  test('shows what a message has caused, in all services, once it has settled', async () => {
    const run = await both()
    const { ground } = await run.as('farmer').call(Grind({ sacks: 3 }))
    await run.settled()

    expect(ground).toBe(3)
    expect(run.published(Ground)).toEqual([{ sacks: 3 }])
    expect(run.sent(Fetch)).toEqual([{ sacks: 3 }])
    expect(run.published(Delivered)).toEqual([{ sacks: 3 }])
    expect(run.handled(Ground)).toMatchObject([
      {
        domain: 'carter',
        handler: 'mill.Ground/groom',
        caller: 'mill',
        attempt: 1,
        message: { payload: { sacks: 3 } },
      },
    ])
    expect(run.handled(Fetch).map(({ handler }) => handler)).toEqual(['carter.Fetch'])
    expect(run.failed()).toEqual([])
    expect(await run.deadLetters()).toEqual([])
  })

  test('takes messages as an entrypoint gives them to the bus of their domain', async () => {
    const run = await both()
    expect(await run.handle(Grind({ sacks: 2 }))).toEqual({ ground: 2 })
    await run.settled()
    expect(run.published(Delivered)).toEqual([{ sacks: 2 }])
    expect(await run.handle(Swept({}))).toEqual({ failures: [] })
    expect(run.handled(Swept)).toHaveLength(2)
  })

  test('has nothing to wait for when nothing was asked', async () => {
    const run = await both()
    await run.settled({ deadline: 500 })
    expect(run.published(Ground)).toEqual([])
  })

  test('tells of a private event who has handled it, and that it is never published', async () => {
    const run = await millAlone()
    await run.handle(Grind({ sacks: 1 }))
    await run.settled()
    expect(run.handled(Swept)).toMatchObject([{ handler: 'mill.Swept/sweep' }])
    expect(() => run.published(Swept)).toThrow(expect.objectContaining({ code: 'PrivateEvent' }))
  })

  test('forgets when it is told to', async () => {
    const weather: Weather = { groomFailures: 1 }
    const run = await both(weather)
    await run.handle(Grind({ sacks: 1 }))
    await run.settled({ mayFail: true })
    run.forget()
    await run.handle(Grind({ sacks: 4 }))
    await run.settled()
    expect(run.published(Ground)).toEqual([{ sacks: 4 }])
    expect(run.handled(Fetch)).toHaveLength(1)
  })

  test('whose service cannot be started stops the others', async () => {
    let stopped = false
    const broken = startRun({
      system,
      services: {
        mill: async (host) => ({
          ...(await millService()(host)),
          start: async () => undefined,
          stop: async () => {
            stopped = true
          },
        }),
        carter: () => Promise.reject(new Error('no cart')),
      },
    })
    await expect(broken).rejects.toThrow('no cart')
    expect(stopped).toBe(true)
  })
})

describe('who has no service', () => {
  test('is played by the test: takes what is sent, and answers as it is told', async () => {
    const run = await millAlone()
    run.answer(Load, ({ payload }) => ({ full: payload.sacks === 7 }))
    expect(await run.as('farmer').call(Load({ sacks: 7 }))).toEqual({ full: true })
    run.answer(Load, () => ({ full: false }))
    expect(await run.as('farmer').call(Load({ sacks: 7 }))).toEqual({ full: false })

    await run.handle(Grind({ sacks: 1 }))
    await run.settled()
    expect(run.sent(Fetch)).toEqual([{ sacks: 1 }])
    expect(run.handled(Fetch)).toEqual([])
  })

  test('cannot answer without having been told how, and the run says so', async () => {
    const run = await millAlone()
    await expect(run.as('farmer').call(Load({ sacks: 1 }))).rejects.toMatchObject({ code: 'RemoteError' })
    expect(await wordsOf(run.settled())).toMatch(
      /plays carter and has no answer to carter\.Load.*run\.answer/,
    )
  })

  test('may only do what the contract allows', async () => {
    const run = await both()
    // @ts-expect-error the contract does not let the baker grind
    await expect(run.as('baker').call(Grind({ sacks: 1 }))).rejects.toMatchObject({ outcome: 'not-executed' })
  })

  test('is not found under the name of a service, or of nobody', async () => {
    const run = await millAlone()
    expect(() => run.as('mill')).toThrow(expect.objectContaining({ code: 'UnknownDomain' }))
    await expect(run.handle(Fetch({ sacks: 1 }))).rejects.toMatchObject({ code: 'NoHandler' })
  })
})

describe('what fails', () => {
  test('is tried again at once as the run sees it, until it succeeds', async () => {
    const run = await both({ groomFailures: 3, sweepFailures: 2 })
    const begun = performance.now()
    const virtually = run.clock.now()
    await run.handle(Grind({ sacks: 1 }))
    await run.settled({ mayFail: true })

    expect(run.handled(Ground)).toMatchObject([{ handler: 'mill.Ground/groom', attempt: 4 }])
    expect(run.handled(Swept)).toHaveLength(1)
    expect(run.failed(Ground).map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(run.failed(Swept).map(({ error }) => (error as Error).message)).toEqual(['no broom', 'no broom'])
    expect(run.clock.now() - virtually).toBeGreaterThan(71_000)
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test('for ever becomes a dead letter, on the broker or in the outbox', async () => {
    const run = await both({ groomFailures: 100, sweepFailures: 100 })
    await run.handle(Grind({ sacks: 1 }))
    await run.settled({ mayFail: true })

    expect(run.failed(Ground)).toHaveLength(8)
    expect(run.failed(Swept)).toHaveLength(20)
    expect(await run.deadLetters()).toMatchObject([
      { type: 'mill.Ground', where: 'carter.q.events.dead of mill', reason: 'attempts-exhausted' },
      { type: 'mill.Swept', where: 'outbox of mill', reason: 'Error: no broom' },
    ])
  })

  test('without anybody having been told fails the run, in so many words', async () => {
    const run = await both({ groomFailures: 1 })
    const message = Grind({ sacks: 1 })
    await run.handle(message)
    const settled = run.settled()
    await expect(settled).rejects.toMatchObject({ code: 'RunFailed', cause: { message: 'no oats' } })
    expect(await wordsOf(settled)).toMatch(
      /\n {2}carter: mill\.Ground\/groom, with mill\.Ground [0-9a-f-]{36}, attempt 1: Error: no oats$/,
    )
    await run.settled()
  })

  test('before whoever waited for the answer is his affair, and can be seen all the same', async () => {
    const weather: Weather = { grind: new Error('no stone') }
    const run = await both(weather)
    await expect(run.handle(Grind({ sacks: 1 }))).rejects.toThrow('no stone')
    await expect(run.as('farmer').call(Grind({ sacks: 1 }))).rejects.toMatchObject({ code: 'RemoteError' })
    weather.grind = new mill.errors.NoWind({})
    await expect(run.as('farmer').call(Grind({ sacks: 1 }))).rejects.toThrow(mill.errors.NoWind)
    await run.settled()
    expect(run.failed(Grind)).toMatchObject([{ told: true }, { told: true }, { told: true }])
  })

  test('of a command that was merely sent is told to nobody, even if it is in the contract', async () => {
    const run = await both({ fetch: new Error('no horse') })
    await run.handle(Grind({ sacks: 1 }))
    await expect(run.settled()).rejects.toMatchObject({ code: 'RunFailed' })
    expect(run.failed(Fetch)[0]).toMatchObject({ handler: 'carter.Fetch', told: false })
  })
})

describe('a message', () => {
  test('that is published twice counts once, and one that nobody waits for fails untold', async () => {
    const run = await start({ carter: carterService({ fetch: new Error('no horse') }) })
    const event = Ground({ sacks: 5 })
    await run.as('mill').publish(event)
    await run.as('mill').publish(event)
    await run.as('mill').send(Fetch({ sacks: 5 }))
    await run.settled({ mayFail: true })
    expect(run.published(Ground)).toEqual([{ sacks: 5 }])
    expect(run.handled(Ground)).toHaveLength(2)
    expect(run.published()).toEqual([event])
    expect(run.sent().map(({ type }) => type)).toEqual([Fetch.type])
    expect(run.failed(Fetch).every(({ told }) => !told)).toBe(true)
  })

  test('whose answer does not fit the contract is explained, and its caller has been told', async () => {
    const run = await start({ mill: millService({ ground: 0.5 }), carter: carterService() })
    await expect(run.as('farmer').call(Grind({ sacks: 1 }))).rejects.toMatchObject({ code: 'RemoteError' })
    await run.settled()
    expect(run.failed(Grind)).toMatchObject([
      { handler: null, told: true, error: { code: 'DeliveryFailed', details: { reason: 'reply-failed' } } },
    ])
  })
})

describe('a service with an outbox of its own', () => {
  test('is given the time that its retries take', async () => {
    const store = new InMemoryStore()
    const service = millService({ sweepFailures: 1 })
    const run = await start({ mill: (host) => service({ ...host, store }) })
    await run.handle(Grind({ sacks: 1 }))
    const before = run.clock.now()
    await run.settled({ mayFail: true })
    expect(run.handled(Swept)).toHaveLength(1)
    expect(run.clock.now() - before).toBeLessThan(5_000)
  })
})

describe('a run that does not come to rest', () => {
  test('says after its deadline who still does what', async () => {
    let go = () => {}
    const groom = new Promise<void>((resolve) => {
      go = resolve
    })
    const run = await both({ groom })
    await run.handle(Grind({ sacks: 1 }))
    const settled = run.settled({ deadline: 60 })
    await expect(settled).rejects.toMatchObject({ code: 'RunNotSettled' })
    expect(await wordsOf(settled)).toMatch(
      /^Not settled after 60 ms\. Still to be done:\n {2}carter: mill\.Ground\/groom has been handling mill\.Ground [0-9a-f-]{36} for \d+ ms\n {2}carter\.q\.events of mill: 1 delivered and not settled$/,
    )
    go()
    await run.settled()
  })

  test('does not go further in its own time than it is told', async () => {
    const run = await both({ groomFailures: 5, sweepFailures: 9 })
    await run.handle(Grind({ sacks: 1 }))
    const words = await wordsOf(run.settled({ within: 5_000 }))
    expect(words).toMatch(/^Not settled after 5000 ms of its own time\./)
    expect(words).toMatch(/carter\.q\.events\.retry\.10s of mill: mill\.Ground [0-9a-f-]{36} waits/)
    expect(words).toMatch(
      /outbox of mill: mill\.Swept [0-9a-f-]{36} for its handler sweep, failed \d times, at last with Error: no broom/,
    )
    expect(words).toMatch(/What has failed:\n {2}/)
    await run.settled({ mayFail: true })
  })

  test('ends a handler that takes too long when its clock is put forward', async () => {
    const run = await both({ groom: new Promise(() => undefined) })
    await run.handle(Grind({ sacks: 1 }))
    await run.clock.advance(30_000)
    expect(run.failed(Ground)).toMatchObject([{ error: { code: 'HandlerTimeout' } }])
  })
})
