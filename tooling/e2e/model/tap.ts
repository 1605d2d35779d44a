import { randomUUID } from 'node:crypto'
import { allocation } from '@posthorn/contracts'
import type { BrokerLink, Frame } from '@posthorn/core/transport'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { eventually } from '../../running-system/eventually.ts'
import { OBSERVER } from '../../running-system/observed-system.ts'
import type { ProvisionedBroker } from '../../running-system/provisioned-broker.ts'

export interface TappedEvent {
  readonly id: string
  /** Without domain, as `Allocated`. */
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly frame: Frame
}

/** Everything that the allocation domain has published, each message once, in the order in which it came. */
export interface Tap {
  readonly events: readonly TappedEvent[]
  /** Resolves when all that was published before has been seen. */
  catchUp(): Promise<void>
  /** Publishes an event once more, as a relay does that has died before it could strike it off. */
  publishAgain(event: TappedEvent): Promise<void>
  close(): Promise<void>
}

const DEADLINE = 10_000
const TYPE = /^event:allocation\.([A-Za-z]+)\.v\d+$/
const MARK = 'event:allocation.Mark.v1'

export async function tap(broker: ProvisionedBroker): Promise<Tap> {
  const vhost = `${broker.namespace}.allocation`
  const [observer, publisher] = await Promise.all([
    open(broker, OBSERVER, vhost),
    open(broker, allocation.name, vhost),
  ])
  const seen = new Map<string, TappedEvent>()
  const marks = new Set<string>()
  await observer.consume(`${OBSERVER}.q.events`, { prefetch: 200 }, (incoming) => {
    const { frame } = incoming
    const { type = '', messageId: id = '' } = frame.properties
    if (type === MARK) marks.add(id)
    else if (!seen.has(id)) {
      const payload = JSON.parse(Buffer.from(frame.body).toString()) as TappedEvent['payload']
      seen.set(id, { id, type: TYPE.exec(type)?.[1] ?? type, payload, frame })
    }
    incoming.ack()
  })
  const publish = (frame: Frame) => publisher.publish(frame, DEADLINE)

  return {
    get events() {
      return [...seen.values()]
    },
    catchUp: async () => {
      const messageId = randomUUID()
      const properties = { type: MARK, messageId, contentType: 'application/json' }
      // By the key of an event that nobody but the observer hears.
      await publish({
        exchange: 'x.events',
        routingKey: 'evt.BatchCreated',
        body: Buffer.from('{}'),
        properties,
      })
      await eventually(() => marks.has(messageId) || undefined, 'the tap to catch up', DEADLINE)
    },
    publishAgain: ({ frame }) => publish({ ...frame, exchange: 'x.events' }),
    close: async () => {
      await Promise.all([observer.close(DEADLINE), publisher.close(DEADLINE)])
    },
  }
}

function open(broker: ProvisionedBroker, user: string, vhost: string): Promise<BrokerLink> {
  const ignore = () => undefined
  const events = { onState: ignore, onReply: ignore, onRepliesLost: ignore }
  return new RabbitMqBroker({ url: broker.urlFor(user), user }).open(vhost, events)
}
