import type { Attributes } from '@opentelemetry/api'
import type { Fact, Operation } from '../telemetry/telemetry.ts'
import { errorType } from './error-type.ts'
import type { Instruments } from './instruments.ts'

/** Counts and times what is told. */
export function meterOf(instruments: Instruments) {
  return {
    began(operation: Operation, labels: Attributes): void {
      if (operation.kind === 'handle') instruments.handleActive.add(1, labels)
      if (operation.kind === 'transaction') {
        instruments.transactionRetries.add(operation.attempt > 1 ? 1 : 0, labels)
      }
      if (operation.kind === 'process') instruments.consumedMessages.add(1, labels)
    },

    /** @param outcome what there is to say of how it ended */
    ended(operation: Operation, labels: Attributes, outcome: Attributes, seconds: number): void {
      const result = { ...labels, ...outcome }
      switch (operation.kind) {
        case 'handle':
          instruments.handleActive.add(-1, labels)
          instruments.handleDuration.record(seconds, result)
          break
        case 'transaction':
          instruments.transactionDuration.record(seconds, result)
          break
        case 'relay':
          instruments.relayDuration.record(seconds, result)
          break
        case 'publish':
          instruments.operationDuration.record(seconds, result)
          instruments.sentMessages.add(1, result)
          break
        case 'process':
          instruments.processDuration.record(seconds, result)
          break
        case 'call':
          instruments.callDuration.record(seconds, result)
          break
      }
    },

    noted(fact: Fact): void {
      switch (fact.kind) {
        case 'delivery-failed': {
          const { queue, reason, action } = fact
          instruments.deliveryFailures.add(1, {
            'posthorn.queue': queue,
            'posthorn.reason': reason,
            'posthorn.action': action,
          })
          break
        }
        case 'repeated':
          instruments.repetitions.add(1, { 'posthorn.message.type': fact.type })
          break
        case 'entry-failed':
          instruments.entryFailures.add(1, {
            'posthorn.outbox.to': fact.to,
            'error.type': errorType(fact.error),
          })
          break
        case 'reconnected':
          instruments.reconnects.add(1, { 'posthorn.link': fact.vhost })
          break
        case 'connection-awaited': {
          const pool = { 'db.client.connection.pool.name': fact.pool }
          instruments.connectionWait.record(fact.waited / 1_000, pool)
          if (fact.error !== undefined && errorType(fact.error) === 'AcquireTimeout') {
            instruments.connectionTimeouts.add(1, pool)
          }
          break
        }
      }
    },
  }
}
