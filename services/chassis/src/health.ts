import { setTimeout as delay } from 'node:timers/promises'
import type { ExternalBus } from '@posthorn/core'
import { z } from 'zod'
import type { Routes } from './http-server.ts'
import type { Obstacle } from './keep-connecting.ts'
import type { OutboxGauge } from './outbox-gauge.ts'

export interface HealthSources {
  readonly gauge: OutboxGauge
  readonly externalBus: Pick<ExternalBus, 'health'>
  /** Why the external bus has not started yet. */
  readonly notConnected: () => Obstacle | null
  readonly stopping: () => boolean
}

const DATABASE_DEADLINE = 2_000

/** Whoever watches asks every second. */
const QUIET = { logLevel: 'warn' } as const

const live = z.object({ status: z.literal('live') })

const readiness = z.object({
  status: z
    .enum(['ready', 'degraded', 'unavailable'])
    .describe('degraded: requests are served, but messages wait for the broker'),
  notReady: z
    .array(z.enum(['database', 'outbox', 'broker', 'service']))
    .describe('the parts at fault: the outbox when it is full, the service when it is stopping'),
  database: z.enum(['up', 'down']),
  outbox: z
    .object({ broker: z.int(), local: z.int(), dead: z.int(), oldest: z.number() })
    .nullable()
    .describe('entries that wait, and the age of the oldest in ms'),
  broker: z.object({
    state: z.string(),
    reason: z.string().nullable().describe('why it has not been reached since the start'),
    permanent: z.boolean().describe('whether a person must mend this'),
    links: z.array(z.object({ domain: z.string(), state: z.string(), reason: z.string().nullable() })),
  }),
})

/** Liveness looks at this process alone; readiness at what it needs to serve a request. */
export function healthRoutes({ gauge, externalBus, notConnected, stopping }: HealthSources): Routes {
  return (app, _options, done) => {
    app.get('/health/live', { ...QUIET, schema: { response: { 200: live } } }, async () => ({
      status: 'live' as const,
    }))

    app.get(
      '/health/ready',
      { ...QUIET, schema: { response: { 200: readiness, 503: readiness } } },
      async (_, reply) => {
        const outbox = await Promise.race([
          gauge.read(),
          delay(DATABASE_DEADLINE, null, { ref: false }),
        ]).catch(() => null)
        const { state, links } = externalBus.health()
        const { reason = null, permanent = false } = notConnected() ?? {}
        const unavailable = [
          ...(outbox === null ? (['database'] as const) : []),
          ...(gauge.overloaded ? (['outbox'] as const) : []),
          ...(stopping() ? (['service'] as const) : []),
        ]
        const degraded = state === 'up' ? [] : (['broker'] as const)
        return reply.code(unavailable.length > 0 ? 503 : 200).send({
          status: unavailable.length > 0 ? 'unavailable' : degraded.length > 0 ? 'degraded' : 'ready',
          notReady: [...unavailable, ...degraded],
          database: outbox === null ? 'down' : 'up',
          outbox,
          broker: { state, reason, permanent, links: [...links] },
        })
      },
    )
    done()
  }
}
