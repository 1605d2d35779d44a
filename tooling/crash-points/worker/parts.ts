import type { ExternalBus, Middleware, OutboxQueue, UnitsOfWork } from '@posthorn/core'
import { createExternalBus } from '@posthorn/core/transport'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { Failpoint } from '../failpoint.ts'
import { labelled } from '../labels.ts'
import { passingBroker } from '../ports/passing-broker.ts'
import { passingQueue } from '../ports/passing-queue.ts'
import { passingHandlers, passingUnits } from '../ports/passing-units.ts'
import { system } from '../system.ts'
import { tapSockets } from '../wire/tap-sockets.ts'
import type { Role, WorkerOrders } from './worker-process.ts'

/** What a role is made with: its own parts are the real ones, with a reporter before each. */
export interface WorkerParts {
  readonly orders: WorkerOrders
  readonly passing: {
    readonly handlers: Middleware
    queue(queue: OutboxQueue): OutboxQueue
    units<R extends object, D extends string>(units: UnitsOfWork<R, D>): UnitsOfWork<R, D>
  }
  /** The external bus of one role; not started. */
  connect<const D extends Role>(domain: D): ExternalBus<D>
}

export function partsFor(orders: WorkerOrders): WorkerParts {
  const { label, nth, namespace, ordered, amqpUrls } = orders
  const failpoint = new Failpoint(label === null ? null : labelled(label).at, nth)
  tapSockets(failpoint)
  return {
    orders,
    passing: {
      handlers: passingHandlers(failpoint),
      queue: (queue) => passingQueue(queue, failpoint),
      units: (units) => passingUnits(units, failpoint),
    },
    connect: (domain) =>
      createExternalBus({
        domain,
        system,
        namespace,
        broker: passingBroker(new RabbitMqBroker({ url: amqpUrls[domain], user: domain }), failpoint),
        ordered: ordered && domain === 'books',
        onError: () => undefined,
      }),
  }
}
