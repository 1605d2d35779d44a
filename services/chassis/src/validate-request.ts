import { ValidationFailed } from '@posthorn/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'

const PARTS = { params: 'params', querystring: 'query', headers: 'headers', body: 'body' } as const

/** Validates all parts of a request by the schemas of its route: fastify itself stops at the first part with a fault. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(() => (value) => ({ value }))
  app.addHook('preValidation', async (request) => validate(request))
}

/** @throws {ValidationFailed} with the faults of every part */
function validate(request: FastifyRequest): void {
  const schemas = request.routeOptions.schema ?? {}
  const faults = Object.entries(PARTS).flatMap(([name, part]) => {
    const schema = schemas[name as keyof typeof PARTS]
    if (!(schema instanceof z.ZodType)) return []
    const result = schema.safeParse(request[part])
    if (!result.success) return result.error.issues
    Object.assign(request, { [part]: result.data })
    return []
  })
  if (faults.length === 0) return
  throw new ValidationFailed(
    'The request',
    faults.map(({ path, message }) => ({ path: path.join('.'), message })),
  )
}
