export type { Clock } from './clock.ts'
export { PosthornError } from './errors.ts'
export type { ExternalBus } from './external-bus/external-bus.ts'
export { planSystem } from './external-bus/plan-system.ts'
export { RemoteError } from './external-bus/remote-error.ts'
export type { InboxStore } from './inbox/inbox.ts'
export { createMessageBus } from './internal-bus/create-message-bus.ts'
export type { DetachedHandler, HandlerContext, Outgoing, SharedHandler } from './internal-bus/handlers.ts'
export { detached, shared } from './internal-bus/handlers.ts'
export type { MessageBus } from './internal-bus/message-bus.ts'
export { logging } from './internal-bus/middleware/logging.ts'
export type { Middleware } from './internal-bus/middleware.ts'
export { sending } from './internal-bus/sending.ts'
export { command, event, failure } from './messages/declare.ts'
export type { DeclaredErrorClass } from './messages/declared-error.ts'
export { DeclaredError } from './messages/declared-error.ts'
export type { Domain } from './messages/define-domain.ts'
export { defineDomain } from './messages/define-domain.ts'
export type { System } from './messages/define-system.ts'
export { defineSystem } from './messages/define-system.ts'
export type { CommandDefinition, EventDefinition, MessageOf } from './messages/definitions.ts'
export { type Id, newId } from './messages/id.ts'
export type { Command, Event, Message, ResultOf } from './messages/message.ts'
export { ValidationFailed } from './messages/validate.ts'
export type { OutboxEntry, OutboxQueue } from './outbox/outbox.ts'
export { Relay } from './outbox/relay.ts'
export type { Telemetry } from './telemetry/telemetry.ts'
export type {
  Aggregate,
  AggregateMapping,
  AggregateRows,
  PartialRepository,
  Repository,
  Row,
} from './unit-of-work/repository.ts'
export type { UnitOfWork, UnitOptions, UnitsOfWork } from './unit-of-work/unit-of-work.ts'
