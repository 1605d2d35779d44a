import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { Operation, Subject } from '../telemetry/telemetry.ts'

/** An operation as a span and in metrics. */
export interface Description {
  readonly name: string
  readonly kind: SpanKind
  /** Of few values: they are on metrics too. */
  readonly labels: Attributes
  /** On the span alone. */
  readonly attributes: Attributes
}

/** Names by OpenTelemetry's conventions for messaging and RabbitMQ where these have one, else `posthorn.…`. */
export function describeOperation(operation: Operation): Description {
  switch (operation.kind) {
    case 'handle':
      return {
        name: `handle ${operation.handler}`,
        kind: SpanKind.INTERNAL,
        labels: { ...typeOf(operation.message), 'posthorn.handler': operation.handler },
        attributes: {
          ...identityOf(operation.message),
          'posthorn.caller': operation.caller,
          'posthorn.attempt': operation.attempt,
        },
      }
    case 'transaction':
      return {
        name: `transaction ${operation.domain}`,
        kind: SpanKind.INTERNAL,
        labels: { 'posthorn.domain': operation.domain },
        attributes: { 'posthorn.attempt': operation.attempt },
      }
    case 'relay':
      return {
        name: 'relay outbox',
        kind: SpanKind.INTERNAL,
        labels: {},
        attributes: { 'messaging.batch.message_count': operation.messages.length },
      }
    case 'publish': {
      const { message, system, exchange, routingKey } = operation
      const labels = messaging(system, 'publish', 'send', joined(exchange, routingKey))
      return {
        name: `publish ${labels['messaging.destination.name']}`,
        kind: SpanKind.PRODUCER,
        labels,
        attributes: { ...typeOf(message), ...identityOf(message), ...routed(system, routingKey) },
      }
    }
    case 'process': {
      const { message, system, exchange, routingKey, queue, attempt } = operation
      const labels = messaging(system, 'process', 'process', joined(exchange, routingKey, queue))
      return {
        name: `process ${labels['messaging.destination.name']}`,
        kind: SpanKind.CONSUMER,
        labels,
        attributes: {
          ...typeOf(message),
          ...identityOf(message),
          ...routed(system, routingKey),
          'posthorn.attempt': attempt,
        },
      }
    }
    case 'call':
      return {
        name: `call ${operation.message.type}`,
        kind: SpanKind.CLIENT,
        labels: typeOf(operation.message),
        attributes: identityOf(operation.message),
      }
  }
}

function typeOf({ type }: Subject): Attributes {
  return { 'posthorn.message.type': type }
}

function identityOf({ id, correlationId }: Subject): Attributes {
  return { 'messaging.message.id': id, 'messaging.message.conversation_id': correlationId }
}

function messaging(system: string, operation: string, type: string, destination: string) {
  return {
    'messaging.system': system,
    'messaging.operation.name': operation,
    'messaging.operation.type': type,
    'messaging.destination.name': destination,
  }
}

function routed(system: string, routingKey: string): Attributes {
  return system === 'rabbitmq' ? { 'messaging.rabbitmq.destination.routing_key': routingKey } : {}
}

function joined(...names: readonly string[]): string {
  return names.filter((name) => name !== '').join(':')
}
