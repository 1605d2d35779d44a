import type { Broker, BrokerLink, Frame, Incoming, LinkEvents } from '@posthorn/core/transport'
import { type Failpoint, say } from '../failpoint.ts'

/** A broker that reports what passes between it and the external bus. */
export function passingBroker(broker: Broker, failpoint: Failpoint): Broker {
  return {
    user: broker.user,
    promises: broker.promises,
    open: async (vhost, events) => {
      const link = await broker.open(vhost, hearing(events, failpoint))
      return passingLink(link, failpoint)
    },
  }
}

function hearing(events: LinkEvents, failpoint: Failpoint): LinkEvents {
  return {
    onState: (state, reason) => events.onState(state, reason),
    onRepliesLost: () => events.onRepliesLost(),
    onReply: (frame) => {
      failpoint.pass('reply heard')
      events.onReply(frame)
    },
  }
}

function passingLink(link: BrokerLink, failpoint: Failpoint): BrokerLink {
  return {
    vhost: link.vhost,
    get state() {
      return link.state
    },
    publish: async (frame, deadline) => {
      const where = routeOf(frame)
      failpoint.pass(`publishing ${where}`)
      try {
        await link.publish(frame, deadline)
      } catch (error) {
        failpoint.pass(`not published ${where}`)
        throw error
      }
      failpoint.pass(`published ${where}`)
    },
    consume: (queue, options, receive) =>
      link.consume(queue, options, (incoming) => {
        if (incoming.redelivered) say(`redelivered ${queue}`)
        failpoint.pass(`delivered ${queue}`)
        receive(passingDelivery(incoming, queue, failpoint))
      }),
    check: (exchanges, queues) => link.check(exchanges, queues),
    declare: (plan) => link.declare(plan),
    close: (deadline) => link.close(deadline),
  }
}

function passingDelivery(incoming: Incoming, queue: string, failpoint: Failpoint): Incoming {
  return {
    frame: incoming.frame,
    redelivered: incoming.redelivered,
    get live() {
      return incoming.live
    },
    ack: () => {
      failpoint.pass(`acking ${queue}`)
      incoming.ack()
    },
    ackConfirmed: () => {
      failpoint.pass(`acking ${queue}`)
      return incoming.ackConfirmed()
    },
    reject: (requeue) => incoming.reject(requeue),
    release: () => incoming.release(),
  }
}

function routeOf({ exchange, routingKey }: Frame): string {
  return `${exchange || 'reply'} ${routingKey}`
}
