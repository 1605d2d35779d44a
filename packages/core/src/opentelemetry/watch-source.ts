import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import { systemClock } from '../clock.ts'
import type { Source } from '../telemetry/telemetry.ts'
import type { Instruments } from './instruments.ts'

/** Whoever asks for metrics does not wait longer than this for a store that does not answer, in ms. */
const DEADLINE = 2_000

/**
 * Asks a source whenever metrics are collected, until the function is called that this gives. What counts its failures
 * begins at 0: of a series that begins with the first one, nobody sees an increase.
 */
export function watchSource(meter: Meter, instruments: Instruments, source: Source): () => void {
  const { observables, observe } = observerOf(instruments, source)
  meter.addBatchObservableCallback(observe, observables)
  return () => meter.removeBatchObservableCallback(observe, observables)
}

interface Observer {
  readonly observables: Observable[]
  readonly observe: BatchObservableCallback
}

function observerOf(instruments: Instruments, source: Source): Observer {
  switch (source.kind) {
    case 'outbox': {
      const { outboxEntries, outboxLag, entryFailures } = instruments
      for (const to of ['broker', 'local']) entryFailures.add(0, { 'posthorn.outbox.to': to })
      return {
        observables: [outboxEntries, outboxLag],
        observe: async (result) => {
          const depth = await withinDeadline(source.read())
          if (depth === undefined) return
          for (const state of ['broker', 'local', 'dead'] as const) {
            result.observe(outboxEntries, depth[state], { 'posthorn.outbox.state': state })
          }
          result.observe(outboxLag, depth.oldest / 1_000)
        },
      }
    }
    case 'external-bus': {
      const { linksUp, pendingCalls, droppedReplies, reconnects } = instruments
      for (const { domain } of source.read().links) reconnects.add(0, { 'posthorn.link': domain })
      return {
        observables: [linksUp, pendingCalls, droppedReplies],
        observe: (result) => {
          const health = source.read()
          for (const { domain, state } of health.links) {
            result.observe(linksUp, state === 'up' ? 1 : 0, { 'posthorn.link': domain })
          }
          result.observe(pendingCalls, health.pendingCalls)
          result.observe(droppedReplies, health.droppedReplies)
        },
      }
    }
    case 'pool': {
      const { connectionCount, connectionMax, connectionPending, connectionTimeouts } = instruments
      const pool = { 'db.client.connection.pool.name': source.name }
      connectionTimeouts.add(0, pool)
      return {
        observables: [connectionCount, connectionMax, connectionPending],
        observe: (result) => {
          const { used, idle, max, pending } = source.read()
          result.observe(connectionCount, used, { ...pool, 'db.client.connection.state': 'used' })
          result.observe(connectionCount, idle, { ...pool, 'db.client.connection.state': 'idle' })
          result.observe(connectionMax, max, pool)
          result.observe(connectionPending, pending, pool)
        },
      }
    }
  }
}

/** Undefined when it fails or takes too long: then nothing is known, which is not zero. */
function withinDeadline<T>(reading: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(DEADLINE, () => resolve(undefined))
    reading.then(resolve, () => resolve(undefined)).finally(cancel)
  })
}
