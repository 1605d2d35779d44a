import { randomUUID } from 'node:crypto'
import { fastifySwagger } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { PosthornError } from '@posthorn/core'
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify'
import {
  type FastifyPluginCallbackZod,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import { problemOf, type StatusTable } from './error-mapping.ts'
import { PROBLEM_JSON } from './problem.ts'

/** A list of routes whose schemas are zod's. */
export type Routes = FastifyPluginCallbackZod

export interface HttpServerOptions {
  readonly title: string
  readonly description: string
  readonly logger: Logger
  readonly statuses: StatusTable
  readonly routes: readonly Routes[]
  /** True while nothing that writes is to be accepted. */
  readonly overloaded: () => boolean
}

/** Bounds on everything that a stranger chooses. 64 characters, percent-encoded, are at most 768. */
const LIMITS = {
  bodyLimit: 65_536,
  requestTimeout: 10_000,
  connectionTimeout: 40_000,
  handlerTimeout: 30_000,
  keepAliveTimeout: 72_000,
  onProtoPoisoning: 'error',
  onConstructorPoisoning: 'error',
  requestIdHeader: false,
  routerOptions: { maxParamLength: 768 },
  http: { maxHeaderSize: 8_192, headersTimeout: 8_000 },
} as const

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The HTTP entrypoint, with problem details for errors and OpenAPI at `/docs`. It stands behind a gateway: no authentication. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { title, description, logger, routes, statuses, overloaded } = options
  const loggerInstance: FastifyBaseLogger = logger
  const app: FastifyInstance = fastify({ ...LIMITS, loggerInstance, genReqId: () => randomUUID() })
  app.server.maxConnections = 10_000
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, statuses, request.id)
    if (problem.status >= 500) request.log.error({ err: error, errorId: request.id }, problem.code)
    if (problem.status === 503) reply.header('retry-after', '1')
    return reply.code(problem.status).type(PROBLEM_JSON).send(problem)
  })
  app.setNotFoundHandler((request) => {
    throw new PosthornError('NotFound', `There is nothing at ${request.method} ${request.url}.`)
  })
  app.addHook('onRequest', async (request) => {
    if (READS.has(request.method) || !overloaded()) return
    throw new PosthornError('Overloaded', 'Too much is waiting to be passed on; try again.')
  })

  await app.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info: { title, description, version: '1' } },
    transform: jsonSchemaTransform,
  })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
  for (const list of routes) await app.register(list)
  return app
}
