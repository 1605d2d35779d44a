import { randomUUID } from 'node:crypto'
import { fastifySwagger } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { PosthornError } from '@posthorn/core'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import {
  type FastifyPluginCallbackZod,
  jsonSchemaTransform,
  serializerCompiler,
} from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import { answerClientError, answerExpectation, noteResponse } from './client-error.ts'
import { problemOf, type StatusTable } from './error-mapping.ts'
import { acceptOnlyJson } from './json-body.ts'
import { refuseOtherMethods } from './method-not-allowed.ts'
import { observeRequests } from './observe-requests.ts'
import { PROBLEM_JSON } from './problem.ts'
import type { ServiceTelemetry } from './service-telemetry.ts'
import { validateRequests } from './validate-request.ts'

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
  /** Absent: nobody hears of requests. */
  readonly telemetry?: ServiceTelemetry | undefined
}

/** Bounds on everything that a stranger chooses. 64 characters, percent-encoded, are at most 768. */
const LIMITS = {
  bodyLimit: 65_536,
  requestTimeout: 10_000,
  connectionTimeout: 40_000,
  handlerTimeout: 30_000,
  keepAliveTimeout: 72_000,
  requestIdHeader: false,
  // Its answer would be no problem details.
  return503OnClosing: false,
  routerOptions: { maxParamLength: 768 },
  http: {
    maxHeaderSize: 8_192,
    headersTimeout: 8_000,
    connectionsCheckingInterval: 1_000,
    // Node would answer without a body.
    requireHostHeader: false,
  },
} as const

const ON_ERRORS =
  'Errors are problem details (RFC 9457), also where HTTP itself is at fault: 405, 408, 414, 417 and 431.'

const NOT_IN_A_URL = /[^!-~]/

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The HTTP entrypoint, with problem details for errors and OpenAPI at `/docs`. It stands behind a gateway: no authentication. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { title, description, logger, routes, statuses, overloaded, telemetry } = options
  const loggerInstance: FastifyBaseLogger = logger
  const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const problem = problemOf(error, statuses, request.id)
    if (problem.status >= 500) {
      const level = problem.errorId === undefined ? 'info' : 'error'
      request.log[level]({ err: error, errorId: request.id }, problem.code)
    }
    if (problem.status === 503) reply.header('retry-after', '1')
    return reply.code(problem.status).type(PROBLEM_JSON).send(problem)
  }
  const app: FastifyInstance = fastify({
    ...LIMITS,
    loggerInstance,
    genReqId: () => randomUUID(),
    frameworkErrors: (...refused) => void answerError(...refused),
    clientErrorHandler: answerClientError,
  })
  app.server.maxConnections = 10_000
  app.server.on('request', noteResponse)
  app.server.on('checkExpectation', answerExpectation)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(() => {
    throw new PosthornError('NotFound', 'There is nothing at this path.')
  })
  if (telemetry !== undefined) observeRequests(app)
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async ({ method, raw: { headers, httpVersion, url = '' } }) => {
    if (closing) throw new PosthornError('Stopping', 'This instance is stopping; ask another one.')
    if (headers.host === undefined && httpVersion === '1.1') {
      throw new PosthornError('MalformedRequest', 'The Host header is missing.')
    }
    // Node's parser says so itself only since 20.19.2.
    if (NOT_IN_A_URL.test(url))
      throw new PosthornError('MalformedRequest', 'The path is not percent-encoded.')
    if (READS.has(method) || !overloaded()) return
    throw new PosthornError('Overloaded', 'Too much is waiting to be passed on; try again.')
  })
  acceptOnlyJson(app)
  validateRequests(app)

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description: `${description} ${ON_ERRORS}`, version: '1' },
    },
    transform: jsonSchemaTransform,
  })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
  const allRegistered = refuseOtherMethods(app)
  for (const list of routes) await app.register(list)
  allRegistered()
  return app
}
