import { expect, test } from 'vitest'
import { z } from 'zod'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'
import { startRun } from '../../../src/testing/start-run.ts'
import type { TestHost } from '../../../src/testing/tested-service.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'

const here = defineDomain('here', { events: { Echo: event(z.object({})) } })
const there = defineDomain('there', { events: { Echo: event(z.object({})) } })
const system = defineSystem({
  domains: [here, there],
  subscriptions: { here: [there.events.Echo], there: [here.events.Echo] },
})

function joinHere({ store }: TestHost) {
  const bus = createMessageBus({
    domain: here,
    units: inMemoryUnitsOfWork({ domain: here, store, repositories: {} }),
    outbox: store.queue,
    subscribes: [there.events.Echo],
    handlers: {
      commands: {},
      subscriptions: { 'there.Echo': { answer: (_event, unit) => unit.publish(here.events.Echo({})) } },
    },
  })
  return { bus, outbox: store.queue }
}

function joinThere({ store }: TestHost) {
  const bus = createMessageBus({
    domain: there,
    units: inMemoryUnitsOfWork({ domain: there, store, repositories: {} }),
    outbox: store.queue,
    subscribes: [here.events.Echo],
    handlers: {
      commands: {},
      subscriptions: { 'here.Echo': { answer: (_event, unit) => unit.publish(there.events.Echo({})) } },
    },
  })
  return { bus, outbox: store.queue }
}

test('services that answer each other for ever do not hang the test, which says who they are', async () => {
  await using run = await startRun({ system, services: { here: joinHere, there: joinThere } })
  await run.services.here.bus.receive(there.events.Echo({}), {
    caller: 'there',
    redelivered: false,
    attempt: 1,
    signal: new AbortController().signal,
    fingerprint: '',
  })
  const settled = run.settled({ deadline: 200 })
  await expect(settled).rejects.toMatchObject({ code: 'RunNotSettled' })
  expect(run.handled(here.events.Echo).length).toBeGreaterThan(0)
})
