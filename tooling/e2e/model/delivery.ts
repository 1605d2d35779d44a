import { randomUUID } from 'node:crypto'
import { eventually } from '../../running-system/eventually.ts'
import { byBroker } from './by-broker.ts'
import { byHttp, UnexpectedStatus } from './by-http.ts'
import type { ObservedSystem } from './observed-system.ts'
import type { Answer, Request } from './request.ts'

/**
 * How a request reaches the service: by HTTP without and with an idempotency key, or by the broker as a client that
 * waits for the answer. Two of them deliver it twice at once.
 */
export type Channel = 'http' | SafeChannel
/** Those by which a message may be delivered again, as long as nobody knows what has become of it. */
export type SafeChannel = 'keyed' | 'keyed twice' | 'call' | 'send and call'

/** Delivers a message, the very same each time; only by `http` it is a new one. */
export type Deliver = () => Promise<readonly Answer[]>

export function delivery(request: Request, channel: Channel, system: ObservedSystem): Deliver {
  const { url } = system.running.allocation
  switch (channel) {
    case 'http':
      return async () => [await byHttp(request, url)]
    case 'keyed':
    case 'keyed twice': {
      const key = { 'idempotency-key': randomUUID() }
      const send = () => untilAnswered(() => byHttp(request, url, key))
      return () => Promise.all(channel === 'keyed' ? [send()] : [send(), send()])
    }
    case 'call':
    case 'send and call': {
      const { send, call } = byBroker(request, system)
      return async () => {
        const [answer] = await Promise.all([call(), channel === 'call' ? undefined : send()])
        return [answer]
      }
    }
  }
}

/** With a key one may ask again as long as the service is away. */
function untilAnswered(send: () => Promise<Answer>): Promise<Answer> {
  let reason: unknown
  return eventually(
    () =>
      send().catch((error) => {
        if (error instanceof UnexpectedStatus && error.status !== 503) throw error
        reason = error
        return undefined
      }),
    () => `an answer; the last was ${String(reason)}`,
    30_000,
  )
}
