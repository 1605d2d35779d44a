import { expect, test } from 'vitest'
import type { Broker, Incoming } from '../../../src/external-bus/broker.ts'
import { createExternalBus } from '../../../src/external-bus/connected-external-bus.ts'
import type { DeliveryFailure } from '../../../src/external-bus/delivery-failure.ts'
import { settle } from '../manual-clock.ts'
import { allocation, system } from './allocation-system.ts'
import { withChangedLinks } from './changed-links.ts'
import { openWorld } from './world.ts'

const { Allocate } = allocation.commands

/** The same broker, but it does not hear how its deliveries are settled, and nobody here knows. */
function hearingNothing(broker: Broker): Broker {
  const unheard = ({ frame, redelivered }: Incoming): Incoming => ({
    frame,
    redelivered,
    live: true,
    ack: () => undefined,
    ackConfirmed: () => Promise.resolve(false),
    reject: () => undefined,
    release: () => undefined,
  })
  return withChangedLinks(broker, (link) => ({
    consume: (queue, options, receive) =>
      link.consume(queue, options, (incoming) => receive(unheard(incoming))),
  }))
}

test('C51 a failure is no answer while the broker may deliver the call again, whatever the callee believes', async () => {
  const { broker, bus, clock } = openWorld()
  const failures: DeliveryFailure[] = []
  const callee = createExternalBus({
    domain: 'allocation',
    system,
    clock,
    broker: hearingNothing(broker.connect('allocation')),
    onError: (failure) => failures.push(failure),
  })
  callee.registerCommandHandler(Allocate, async () => {
    throw new Error('the database is gone')
  })
  const caller = bus('storefront')
  caller.registerDomains('allocation')
  await Promise.all([callee.start(), caller.start()])
  const called = caller.call(Allocate({ orderId: 'o', sku: 's', qty: 1 }), { timeout: 1_000 })
  const ended = expect(called).rejects.toMatchObject({ code: 'CallTimeout', outcome: 'unknown' })
  await settle()
  expect(failures).toMatchObject([{ reason: 'handler-failed', action: 'requeue' }])
  await clock.advance(1_000)
  await ended
})
