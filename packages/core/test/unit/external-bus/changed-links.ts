import type { Broker, BrokerLink } from '../../../src/external-bus/broker.ts'

/** The same broker, whose links do some things in another way. */
export function withChangedLinks(broker: Broker, change: (link: BrokerLink) => Partial<BrokerLink>): Broker {
  return {
    ...broker,
    open: async (vhost, events) => {
      const link = await broker.open(vhost, events)
      return {
        vhost,
        get state() {
          return link.state
        },
        publish: (...args) => link.publish(...args),
        consume: (...args) => link.consume(...args),
        check: (...names) => link.check(...names),
        declare: (plan) => link.declare(plan),
        close: (deadline) => link.close(deadline),
        ...change(link),
      }
    },
  }
}
