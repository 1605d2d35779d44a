import { allocation } from '@posthorn/contracts'
import { eventQueue } from '@posthorn/core/transport'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { OBSERVER } from '../running-system/observed-system.ts'
import type { ProvisionedBroker } from '../running-system/provisioned-broker.ts'

export interface TappedEvent {
  readonly id: string
  /** Without domain, as `Allocated`. */
  readonly type: string
  readonly payload: {
    readonly sku: string
    readonly orderId?: string
    readonly qty: number
    readonly version?: number
    readonly ref?: string
    readonly previousQty?: number
    readonly batchRef?: string
    readonly reason?: string
  }
}

/** All events of the allocation domain, each once, in the order in which they first came. */
export interface EventTap {
  readonly events: readonly TappedEvent[]
  /** How often an event came that had come before. */
  readonly repeated: number
  close(): Promise<void>
}

const TYPE = /^event:allocation\.([A-Za-z]+)\.v\d+$/

export async function startEventTap(broker: ProvisionedBroker): Promise<EventTap> {
  const ignore = () => undefined
  const link = await new RabbitMqBroker({ url: broker.urlFor(OBSERVER), user: OBSERVER }).open(
    `${broker.namespace}.${allocation.name}`,
    { onState: ignore, onReply: ignore, onRepliesLost: ignore },
  )
  const seen = new Set<string>()
  const events: TappedEvent[] = []
  let repeated = 0
  // One at a time: with more, what is given back comes again out of order.
  await link.consume(eventQueue(OBSERVER), { prefetch: 1 }, (incoming) => {
    const { body, properties } = incoming.frame
    const { type = '', messageId: id = '' } = properties
    if (seen.has(id)) repeated += 1
    else {
      seen.add(id)
      const payload = JSON.parse(Buffer.from(body).toString()) as TappedEvent['payload']
      events.push({ id, type: TYPE.exec(type)?.[1] ?? type, payload })
    }
    incoming.ack()
  })
  return {
    events,
    get repeated() {
      return repeated
    },
    close: () => link.close(5_000),
  }
}
