import { PosthornError } from '@posthorn/core'
import type { FastifyInstance } from 'fastify'

/** Has the paths whose routes are registered from now on refuse other methods. Call what it gives when all are there. */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    allowed.set(url, new Set([...(allowed.get(url) ?? []), ...[method].flat()]))
  })
  return () => {
    for (const [url, methods] of [...allowed]) {
      app.route({
        url,
        method: app.supportedMethods.filter((method) => !methods.has(method)),
        schema: { hide: true },
        onRequest: async (_request, reply) => {
          reply.header('allow', [...methods].join(', '))
          throw new PosthornError('MethodNotAllowed', `Only ${[...methods].join(', ')} can be used here.`)
        },
        handler: async () => undefined,
      })
    }
  }
}
