/**
 * `@posthorn/core/transport`: for those who write a transport (RabbitMQ's is `@posthorn/rabbitmq`). Services need none
 * of it.
 */

export type { PosthornErrorOptions } from './errors.ts'
export {
  type Broker,
  type BrokerLink,
  type BrokerPromises,
  type ConsumeOptions,
  type Consumer,
  DIRECT_REPLY_TO,
  type Frame,
  type FrameProperties,
  type Incoming,
  type LinkEvents,
  type LinkState,
} from './external-bus/broker.ts'
export type { ExternalBusOptions } from './external-bus/bus-settings.ts'
export { createExternalBus } from './external-bus/connected-external-bus.ts'
export type { CallOptions, ExternalBusHealth } from './external-bus/external-bus.ts'
export {
  callKey,
  commandExchange,
  deadQueue,
  eventKey,
  eventQueue,
  sendKey,
  vhostName,
} from './external-bus/names.ts'
export { type PlanOptions, planSystem } from './external-bus/plan-system.ts'
export type {
  BindingPlan,
  ExchangePlan,
  PermissionPlan,
  QueuePlan,
  SystemPlan,
  TopicPermissionPlan,
  VhostPlan,
} from './external-bus/topology.ts'
