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
export { diedAtHome } from './external-bus/death-queues.ts'
export type { CallOptions, ExternalBusHealth } from './external-bus/external-bus.ts'
export {
  COMMAND_QUEUE,
  callKey,
  commandExchange,
  deadQueue,
  eventKey,
  eventQueue,
  OWNER_RETRY_EXCHANGE,
  sendKey,
  subscriberRetryExchange,
  vhostName,
} from './external-bus/names.ts'
export { type PlanOptions, planSystem } from './external-bus/plan-system.ts'
export { replayFrame } from './external-bus/redelivery.ts'
export { deadLetterSender, type EffectiveSender } from './external-bus/sender.ts'
export type {
  BindingPlan,
  ExchangePlan,
  PermissionPlan,
  QueuePlan,
  SystemPlan,
  TopicPermissionPlan,
  VhostPlan,
} from './external-bus/topology.ts'
export { HEADERS, textHeader } from './external-bus/wire-format.ts'
