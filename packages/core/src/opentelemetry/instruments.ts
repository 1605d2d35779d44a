import type { Meter } from '@opentelemetry/api'

export type Instruments = ReturnType<typeof instrumentsOf>

/** In seconds, from what takes no round trip to what has timed out. The conventions' own for messaging, and two below. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30]

/** All that is measured; `docs/reference/telemetry.md` says with which attributes. */
export function instrumentsOf(meter: Meter) {
  const duration = (name: string, description: string) =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: [...BUCKETS] },
    })
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { description, unit })
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(name, { description, unit })

  return {
    handleDuration: duration('posthorn.handle.duration', 'Handlers, with all their tries'),
    handleActive: meter.createUpDownCounter('posthorn.handle.active', {
      description: 'Handlers at work',
      unit: '{handler}',
    }),
    transactionDuration: duration('posthorn.transaction.duration', 'Units of work'),
    transactionRetries: counter(
      'posthorn.transaction.retries',
      '{retry}',
      'Units begun again after a conflict',
    ),
    callDuration: duration('posthorn.call.duration', 'Calls, from the question to the answer'),
    relayDuration: duration(
      'posthorn.relay.duration',
      'Batches of the outbox, until the broker has confirmed them',
    ),
    entryFailures: counter(
      'posthorn.outbox.failures',
      '{failure}',
      'Tries to pass an outbox entry on that failed',
    ),
    outboxEntries: gauge('posthorn.outbox.entries', '{entry}', 'What is in the outbox'),
    outboxLag: gauge('posthorn.outbox.lag', 's', 'Age of the oldest entry of the outbox that is not dead'),
    deliveryFailures: counter('posthorn.delivery.failures', '{delivery}', 'Deliveries that did not end well'),
    repetitions: counter(
      'posthorn.inbox.repetitions',
      '{message}',
      'Messages that came again and were not applied again',
    ),
    reconnects: counter(
      'posthorn.broker.reconnects',
      '{reconnect}',
      'Links to the broker that were lost and are back',
    ),
    linksUp: gauge('posthorn.broker.links.up', '{link}', 'Whether a link to the broker can publish'),
    pendingCalls: gauge('posthorn.calls.pending', '{call}', 'Calls that wait for their answers'),
    droppedReplies: meter.createObservableCounter('posthorn.replies.dropped', {
      description: 'Replies that came too late, twice, or from the wrong user',
      unit: '{reply}',
    }),
    operationDuration: duration(
      'messaging.client.operation.duration',
      'Publishing, until the broker has confirmed it',
    ),
    sentMessages: counter('messaging.client.sent.messages', '{message}', 'Messages given to the broker'),
    processDuration: duration(
      'messaging.process.duration',
      'Deliveries, from receipt until they are handled',
    ),
    consumedMessages: counter(
      'messaging.client.consumed.messages',
      '{message}',
      'Deliveries given to handlers',
    ),
    connectionWait: duration('db.client.connection.wait_time', 'Waiting for a connection of the pool'),
    connectionTimeouts: counter(
      'db.client.connection.timeouts',
      '{timeout}',
      'Waits for a connection in vain',
    ),
    connectionCount: gauge('db.client.connection.count', '{connection}', 'Connections of the pool'),
    connectionMax: gauge(
      'db.client.connection.max',
      '{connection}',
      'The most connections that the pool may have',
    ),
    connectionPending: gauge(
      'db.client.connection.pending_requests',
      '{request}',
      'Who waits for a connection',
    ),
  }
}
