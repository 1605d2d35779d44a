import { command, createMessageBus, defineDomain, defineSystem, event } from '@posthorn/core'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { given, startRun, type TestHost } from '@posthorn/core/testing'
import { z } from 'zod'

const parcel = z.object({ parcel: z.string() })

// The post takes parcels and tells of them; the courier hears of each, and asks the customs office about it.
const post = defineDomain('post', {
  commands: { Hand: command({ input: parcel, errors: { TooHeavy: parcel }, allow: ['counter'] }) },
  events: { Handed: event(parcel, { key: ({ parcel }) => parcel }) },
})
const customs = defineDomain('customs', {
  commands: { Declare: command({ input: parcel, allow: ['courier'] }) },
})
const courier = defineDomain('courier', { events: { Collected: event(parcel) } })
const system = defineSystem({
  domains: [post, customs, courier],
  clients: { counter: {} },
  subscriptions: { courier: [post.events.Handed] },
})

type Publishing = { readonly publish: (event: ReturnType<typeof post.events.Handed>) => void }
function hand({ payload }: ReturnType<typeof post.commands.Hand>, unit: Publishing) {
  if (payload.parcel === 'anvil') throw new post.errors.TooHeavy(payload)
  unit.publish(post.events.Handed(payload))
}

// Each service as its bootstrap would join it, on what the test provides.
function joinPost({ store }: TestHost) {
  const units = inMemoryUnitsOfWork({ domain: post, store, repositories: {} })
  const handlers = { commands: { Hand: hand } }
  return {
    bus: createMessageBus({ domain: post, units, outbox: store.queue, handlers }),
    outbox: store.queue,
  }
}
let flatTyres = 0
function joinCourier({ store, externalBus }: TestHost) {
  externalBus.registerDomains('customs')
  const bus = createMessageBus({
    domain: courier,
    units: inMemoryUnitsOfWork({ domain: courier, store, repositories: {} }),
    outbox: store.queue,
    subscribes: [post.events.Handed],
    handlers: {
      commands: {},
      subscriptions: {
        'post.Handed': {
          collect: ({ payload }, unit) => {
            if (flatTyres-- > 0) throw new Error('a flat tyre')
            unit.publish(courier.events.Collected(payload))
            unit.send(customs.commands.Declare(payload))
          },
        },
      },
    },
  })
  return { bus, outbox: store.queue }
}

// One handler: what it gives, raises, sends, or how it fails.
const units = inMemoryUnitsOfWork({ domain: post, store: new InMemoryStore(), repositories: {} })
const vase = { parcel: 'vase' }
;(await given(units).when(hand, post.commands.Hand(vase))).raises(post.events.Handed(vase))
;(await given(units).when(hand, post.commands.Hand({ parcel: 'anvil' }))).fails(post.errors.TooHeavy)
console.log('the handler does what it should')

// Both services, and all that a message causes. The counter and the customs office are played by the test.
const run = await startRun({ system, services: { post: joinPost, courier: joinCourier } })
await run.as('counter').call(post.commands.Hand(vase))
await run.settled()
console.log('published:', ...run.published().map(({ type }) => type))
console.log('declared:', run.sent(customs.commands.Declare))

// What fails is tried again; the pauses in between, and nothing else, are skipped.
flatTyres = 3
await run.as('counter').call(post.commands.Hand({ parcel: 'clock' }))
try {
  await run.settled()
} catch (error) {
  if (error instanceof Error) console.log(error.message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>'))
}
const [, collected] = run.handled(post.events.Handed)
console.log(`${collected?.message.payload.parcel}: collected at attempt ${collected?.attempt}`)

// And after the eighth try it is a dead letter.
flatTyres = 8
await run.as('counter').call(post.commands.Hand({ parcel: 'globe' }))
await run.settled({ mayFail: true })
for (const { type, where, reason } of await run.deadLetters()) console.log(`${type} in ${where}: ${reason}`)
await run.stop()
