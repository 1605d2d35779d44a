import assert from 'node:assert/strict'
import type { DeliveryFailure } from '../../external-bus/delivery-failure.ts'
import type { Delivery } from '../../external-bus/external-bus.ts'
import { replayFrame } from '../../external-bus/redelivery.ts'
import { textHeader } from '../../external-bus/wire-format.ts'
import type { Event } from '../../messages/message.ts'
import { eventually } from './eventually.ts'
import type { WorldTest } from './harness.ts'
import { bought, buy } from './raw-frames.ts'
import { shop } from './shop-system.ts'

const quiet = { onError: () => {} }

/** What happens to events and to commands that were sent when handling them fails. */
export function retries(test: WorldTest): void {
  test('C20 C21 F33 an event whose handler fails comes again later, the same and counted', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', quiet)]
    const deliveries: [string, Delivery][] = []
    const times: number[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ id }, delivery) => {
      deliveries.push([id, delivery])
      times.push(performance.now())
      if (delivery.attempt === 1) throw new Error('not yet')
    })
    await Promise.all([publisher.start(), subscriber.start()])
    const event = bought()
    await publisher.publish(event)
    await eventually(() => assert.equal(deliveries.length, 2))
    const [first, second] = deliveries.map(([, delivery]) => delivery)
    assert.deepEqual(
      deliveries.map(([id]) => id),
      [event.id, event.id],
    )
    assert.equal(second?.attempt, 2)
    assert.equal(second.redelivered, true)
    assert.equal(second.caller, 'shop')
    assert.equal(second.fingerprint, first?.fingerprint)
    const [begun = 0, again = 0] = times
    assert.ok(again - begun > 900, `after ${again - begun} ms`)
  })

  test('C13 F33 a failing event does not hold up the others', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { ...quiet, prefetch: 1 })]
    const skus: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async ({ payload }) => {
      if (payload.sku === 'BAD') throw new Error('always')
      skus.push(payload.sku)
    })
    await Promise.all([publisher.start(), subscriber.start()])
    for (const sku of ['BAD', 'A', 'B']) await publisher.publish(bought(sku))
    await eventually(() => assert.deepEqual(skus, ['A', 'B']))
  })

  test('C21 C23 F33 B18 an event that fails too often is a dead letter with reason, sender and body', async (world) => {
    const reports: DeliveryFailure[] = []
    const subscriber = world.bus('mail', { attempts: 2, onError: (failure) => reports.push(failure) })
    const publisher = world.bus('shop')
    subscriber.registerEventHandlers(shop.events.Bought, async function failing() {
      throw new Error('password=hunter2')
    })
    await Promise.all([publisher.start(), subscriber.start()])
    const event = bought()
    await publisher.publish(event)

    const dead = await eventually(async () => {
      const [letter] = await world.deadLetters('shop', 'mail.q.events')
      assert.ok(letter)
      return letter
    })
    assert.equal(dead.properties.messageId, event.id)
    assert.equal(Buffer.from(dead.body).toString(), JSON.stringify(event.payload))
    assert.equal(textHeader(dead, 'x-posthorn-reason'), 'attempts-exhausted')
    assert.equal(textHeader(dead, 'x-posthorn-orig-user'), 'shop')
    assert.equal(textHeader(dead, 'x-posthorn-handler'), 'failing')
    assert.equal(dead.properties.headers?.['x-posthorn-attempt'], 2)
    assert.ok(Date.parse(textHeader(dead, 'x-posthorn-failed-at') ?? '') <= Date.now())
    assert.ok(!JSON.stringify(dead.properties).includes('hunter2'))
    assert.deepEqual(
      reports.map(({ action, attempt }) => [action, attempt]),
      [
        ['retry', 1],
        ['dead-letter', 2],
      ],
    )
  })

  test('when one of several handlers fails all get the event again', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', quiet)]
    const calls: string[] = []
    subscriber.registerEventHandlers(
      shop.events.Bought,
      async (_event, { attempt }) => calls.push(`steady ${attempt}`),
      async (_event, { attempt }) => {
        calls.push(`shaky ${attempt}`)
        if (attempt === 1) throw new Error('not yet')
      },
    )
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought())
    await eventually(() =>
      assert.deepEqual([...calls].sort(), ['shaky 1', 'shaky 2', 'steady 1', 'steady 2']),
    )
  })

  test('C25 a dead letter that its reader replays is handled as if it came from its sender', async (world) => {
    const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { ...quiet, attempts: 1 })]
    const handled: [string, string, number][] = []
    let healed = false
    subscriber.registerEventHandlers(shop.events.Bought, async ({ id }, { caller, attempt }) => {
      if (!healed) throw new Error('broken')
      handled.push([id, caller, attempt])
    })
    await Promise.all([publisher.start(), subscriber.start()])
    const event = bought()
    await publisher.publish(event)
    const dead = await eventually(async () => {
      const [letter] = await world.deadLetters('shop', 'mail.q.events')
      assert.ok(letter)
      return letter
    })
    healed = true
    const replay = replayFrame(dead, 'shop', { queue: 'mail.q.events', exchange: 'mail.x.dlx' })
    await world.inject('mail', 'shop', { ...replay, properties: { ...replay.properties, userId: 'mail' } })
    await eventually(() => assert.deepEqual(handled, [[event.id, 'shop', 1]]))
  })

  test('C22 the tries of a message are known to whoever takes it up after a restart', async (world) => {
    const publisher = world.bus('shop')
    const attempts: number[] = []
    const subscribe = async () => {
      const bus = world.bus('mail', quiet)
      bus.registerEventHandlers(shop.events.Bought, async (_event, { attempt }) => {
        attempts.push(attempt)
        if (attempt === 1) throw new Error('not yet')
      })
      await bus.start()
      return bus
    }
    const [first] = await Promise.all([subscribe(), publisher.start()])
    await publisher.publish(bought())
    await eventually(() => assert.deepEqual(attempts, [1]))
    await first.stop()
    await subscribe()
    await eventually(() => assert.deepEqual(attempts, [1, 2]))
  })

  for (const ordered of [false, true]) {
    test(
      `C26 what a failed try does to its message is not seen by the next, ${ordered ? 'in place' : 'by way of the queue'}`,
      async (world) => {
        const [publisher, subscriber] = [world.bus('shop'), world.bus('mail', { ...quiet, ordered })]
        const seen: Event[] = []
        subscriber.registerEventHandlers(shop.events.Bought, async (event, delivery) => {
          seen.push(structuredClone(event))
          const changes = [
            () => Object.assign(event, { id: 'other', extra: true }),
            () => Object.assign(event.payload, { sku: 'OTHER' }),
            () => Object.assign(delivery, { caller: 'web', attempt: 99 }),
          ]
          for (const change of changes) {
            try {
              change()
            } catch {
              // Frozen, as it should be.
            }
          }
          assert.equal(seen.length, 2, 'not yet')
        })
        await Promise.all([publisher.start(), subscriber.start()])
        const event = bought()
        await publisher.publish(event)
        await eventually(() => assert.deepEqual(seen, [event, event]))
      },
      ordered ? { ordered: ['mail'] } : {},
    )
  }

  test('C34 F33 however a handler fails, its message is dead after its tries, and the others are handled', async (world) => {
    const [publisher, subscriber] = [
      world.bus('shop'),
      world.bus('mail', { ...quiet, attempts: 1, handlerTimeout: 200 }),
    ]
    const ways: Readonly<Record<string, () => unknown>> = {
      'throws at once': () => {
        throw new Error('at once')
      },
      rejects: () => Promise.reject(new Error('later')),
      'throws a text': () => {
        throw 'text'
      },
      'rejects with nothing': () => Promise.reject(),
      'throws null': () => {
        throw null
      },
      'never ends': () => new Promise(() => {}),
    }
    const handled: string[] = []
    const handle = ({ payload: { sku } }: Event<string, { readonly sku: string }>) =>
      ways[sku]?.() ?? handled.push(sku)
    // No promise, as the type asks for, but who writes JavaScript is not held to it.
    subscriber.registerEventHandlers(shop.events.Bought, handle as () => Promise<unknown>)
    await Promise.all([publisher.start(), subscriber.start()])
    for (const sku of ['FIRST', ...Object.keys(ways), 'LAST']) await publisher.publish(bought(sku))
    await eventually(async () => {
      assert.deepEqual(handled, ['FIRST', 'LAST'])
      const dead = await world.deadLetters('shop', 'mail.q.events')
      assert.deepEqual(
        dead.map(({ body }) => JSON.parse(Buffer.from(body).toString()).sku).sort(),
        Object.keys(ways).sort(),
      )
      assert.ok(dead.every((letter) => textHeader(letter, 'x-posthorn-reason') === 'attempts-exhausted'))
    })
  })

  test('C27 a handler that takes too long is told to end and tried again', async (world) => {
    const publisher = world.bus('shop')
    const subscriber = world.bus('mail', { ...quiet, handlerTimeout: 100 })
    const ends: string[] = []
    subscriber.registerEventHandlers(shop.events.Bought, async (_event, { signal, attempt }) => {
      if (attempt > 1) return ends.push('second')
      return new Promise(() => signal.addEventListener('abort', () => ends.push('told')))
    })
    await Promise.all([publisher.start(), subscriber.start()])
    await publisher.publish(bought())
    await eventually(() => assert.deepEqual(ends, ['told', 'second']))
  })

  test('C20 a command that was sent and fails is tried again, with its caller', async (world) => {
    const [service, web] = [world.bus('shop', quiet), world.bus('web')]
    const tries: [number, string][] = []
    service.registerCommandHandler(shop.commands.Buy, async (_command, { attempt, caller }) => {
      tries.push([attempt, caller])
      if (attempt === 1) throw new Error('not yet')
      return { order: '1' }
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    await web.send(buy())
    await eventually(() => {
      assert.deepEqual(tries, [
        [1, 'web'],
        [2, 'web'],
      ])
    })
  })

  test('C24 a command that was sent and ends in an error of its contract is a dead letter at once', async (world) => {
    const [service, web] = [world.bus('shop', quiet), world.bus('web')]
    service.registerCommandHandler(shop.commands.Buy, async ({ payload }) => {
      throw new shop.errors.SoldOut({ sku: payload.sku })
    })
    web.registerDomains('shop')
    await Promise.all([service.start(), web.start()])
    await web.send(buy())
    await eventually(async () => {
      const [dead] = await world.deadLetters('shop', 'q.commands')
      assert.equal(dead && textHeader(dead, 'x-posthorn-reason'), 'declared-error')
    })
  })
}
