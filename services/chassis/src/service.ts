import { lookup } from 'node:dns/promises'
import { type Clock, type ExternalBus, type MessageBus, Relay } from '@posthorn/core'
import type { FastifyInstance } from 'fastify'
import { Connections } from './connections.ts'
import { endInOrder } from './end-in-order.ts'
import { healthRoutes } from './health.ts'
import { createHttpServer, type HttpServerOptions } from './http-server.ts'
import { type Connecting, keepConnecting } from './keep-connecting.ts'
import { metricsRoute } from './metrics-route.ts'
import { OutboxGauge } from './outbox-gauge.ts'
import type { Storage } from './storage.ts'

export interface ServiceParts extends Omit<HttpServerOptions, 'overloaded'> {
  readonly host: string
  readonly port: number
  readonly outboxCap: number
  /** How long a stop may take, in ms. */
  readonly stopDeadline: number
  readonly storage: Omit<Storage, 'units'>
  readonly bus: MessageBus
  readonly externalBus: ExternalBus
  /** The time of the relay, if not the process's own. */
  readonly clock?: Clock | undefined
}

export interface Service {
  readonly bus: MessageBus
  readonly http: FastifyInstance
  /** Serves HTTP from then on, and messages as soon as the broker is there. Gives the URL. */
  start(): Promise<string>
  /** Finishes what has begun, up to the deadline of stops. Gives the names of what it abandoned. Never rejects. */
  stop(): Promise<readonly string[]>
}

const PURGE_INTERVAL = 3_600_000

/** How long a stop waits for whoever takes the spans, in ms. */
const LAST_SPANS = 2_000

const nothing = (): readonly string[] => []

/** Joins the parts of a service, and starts and stops them in the right order. */
export async function createService(parts: ServiceParts): Promise<Service> {
  const { storage, bus, externalBus, clock, logger, routes, host, port, outboxCap, stopDeadline, telemetry } =
    parts
  const gauge = new OutboxGauge(storage.outbox, outboxCap)
  const relay = new Relay({
    queue: storage.outbox,
    forward: (message) => externalBus.forward(message),
    dispatch: (entry) => bus.dispatch(entry),
    ...(clock === undefined ? {} : { clock }),
    telemetry: telemetry?.telemetry,
    onError: (err, entry) => {
      // That the broker is away is told once, by whoever tries to reach it.
      const level = externalBus.health().state === 'up' ? 'warn' : 'debug'
      logger[level]({ err, entry: entry?.position }, 'not passed on; trying again')
    },
  })
  let stopping = false
  let connecting: Connecting | undefined
  let purging: NodeJS.Timeout | undefined
  bus.listenTo(externalBus)
  externalBus.onReachable((domain) => relay.reach(domain))
  const health = healthRoutes({
    gauge,
    externalBus,
    notConnected: () => connecting?.obstacle ?? null,
    stopping: () => stopping,
  })
  const http = await createHttpServer({
    ...parts,
    routes: [health, ...(telemetry === undefined ? [] : [metricsRoute(telemetry)]), ...routes],
    overloaded: () => gauge.overloaded,
  })
  const connections = new Connections(http.server)

  const purge = () => storage.inbox.purge().catch((error) => logger.warn({ err: error }, 'inbox not purged'))

  const begin = async () => {
    await storage.start()
    await bus.start()
    // Refused once the server has been closed: a stop did not wait for this start.
    // At one address: for each further one of a name there would be a server that the stop knows nothing of.
    const address = await http.listen({ host: (await lookup(host)).address, port })
    gauge.start()
    purging = setInterval(() => void purge(), PURGE_INTERVAL).unref()
    connecting = keepConnecting(externalBus, logger)
    relay.start()
    return address
  }
  let starting: Promise<string> | undefined

  return {
    bus,
    http,
    start() {
      starting ??= begin()
      return starting
    },
    async stop() {
      stopping = true
      return endInOrder(stopDeadline, [
        {
          name: 'start',
          // Whoever asked for it is told why it failed; here it only has to be over.
          end: async () => {
            await starting?.catch(() => undefined)
            return []
          },
        },
        {
          name: 'HTTP',
          end: (patience) => {
            clearInterval(purging)
            gauge.stop()
            return connections.end(http.close(), patience)
          },
        },
        // These do not tell what they give up: so they are to be late, which is told of them.
        { name: 'relay', end: () => relay.stop({ deadline: stopDeadline }).then(nothing) },
        {
          name: 'external bus',
          end: async (patience) => {
            const ended = connecting?.stop()
            const lost = await externalBus.stop({ deadline: patience })
            await ended
            return lost
          },
        },
        {
          name: 'message bus',
          end: async (patience) => {
            const abandoned = await bus.stop({ deadline: patience })
            // What it holds is in use while anything goes on.
            if (abandoned.length === 0) await bus[Symbol.asyncDispose]()
            return abandoned
          },
        },
        ...(telemetry === undefined
          ? []
          : [{ name: 'telemetry', end: () => telemetry.stop(LAST_SPANS).then(nothing) }]),
        { name: 'storage', end: () => storage.stop(stopDeadline).then(nothing) },
      ])
    },
  }
}
