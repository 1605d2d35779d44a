import { type ExternalBus, type MessageBus, Relay } from '@posthorn/core'
import type { FastifyInstance } from 'fastify'
import { healthRoutes } from './health.ts'
import { createHttpServer, type HttpServerOptions } from './http-server.ts'
import { type Connecting, keepConnecting } from './keep-connecting.ts'
import { OutboxGauge } from './outbox-gauge.ts'
import type { Storage } from './storage.ts'

export interface ServiceParts extends Omit<HttpServerOptions, 'overloaded'> {
  readonly host: string
  readonly port: number
  readonly outboxCap: number
  readonly storage: Omit<Storage, 'units'>
  readonly bus: MessageBus
  readonly externalBus: ExternalBus
}

export interface Service {
  readonly bus: MessageBus
  readonly http: FastifyInstance
  /** Serves HTTP from then on, and messages as soon as the broker is there. Gives the URL. */
  start(): Promise<string>
  /** Finishes what has begun, up to a deadline. Gives the names of what it abandoned. */
  stop(): Promise<readonly string[]>
}

const STOP_DEADLINE = 8_000
const HTTP_DEADLINE = 5_000
const PURGE_INTERVAL = 3_600_000

/** A client that says nothing would hold up the stop for longer than it may take. */
async function closeHttp(http: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => http.server.closeAllConnections(), HTTP_DEADLINE)
  await http.close()
  clearTimeout(cut)
}

/** Joins the parts of a service, and starts and stops them in the right order. */
export async function createService(parts: ServiceParts): Promise<Service> {
  const { storage, bus, externalBus, logger, routes, host, port, outboxCap } = parts
  const gauge = new OutboxGauge(storage.outbox, outboxCap)
  const relay = new Relay({
    queue: storage.outbox,
    forward: (message) => externalBus.forward(message),
    dispatch: (entry) => bus.dispatch(entry),
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
  const health = healthRoutes({
    gauge,
    externalBus,
    notConnected: () => connecting?.obstacle ?? null,
    stopping: () => stopping,
  })
  const http = await createHttpServer({
    ...parts,
    routes: [health, ...routes],
    overloaded: () => gauge.overloaded,
  })

  const purge = () => storage.inbox.purge().catch((error) => logger.warn({ err: error }, 'inbox not purged'))

  const begin = async () => {
    await storage.start()
    await bus.start()
    gauge.start()
    purging = setInterval(() => void purge(), PURGE_INTERVAL).unref()
    const address = await http.listen({ host, port })
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
      // Whoever asked for the start is told why it failed; here it only has to be over.
      await starting?.catch(() => undefined)
      clearInterval(purging)
      gauge.stop()
      await closeHttp(http)
      await relay.stop()
      const ended = connecting?.stop()
      const lost = await externalBus.stop({ deadline: STOP_DEADLINE })
      await ended
      const abandoned = await bus.stop({ deadline: STOP_DEADLINE })
      await bus[Symbol.asyncDispose]()
      await storage.stop()
      return [...lost, ...abandoned]
    },
  }
}
