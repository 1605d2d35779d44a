import { PosthornError } from '@posthorn/core'
import type { FastifyInstance } from 'fastify'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Has the server take bodies in JSON and nothing else: in strict UTF-8, not compressed, with no key that reaches for a
 * prototype. Of a key that stands twice the last counts, as everywhere in JavaScript.
 */
export function acceptOnlyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = decoded(body, request.headers)
    void parse(request, text, (error, value) => {
      done(
        error !== null && isJson(text) ? malformed('has a key that reaches for a prototype') : error,
        value,
      )
    })
  })
}

/** @throws {PosthornError} `UnsupportedMediaType`, `MalformedRequest` */
function decoded(body: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = headers
  if (!/^identity$/i.test(String(encoding))) {
    throw new PosthornError('UnsupportedMediaType', 'The body must not be compressed.')
  }
  const charsets = [...String(type).matchAll(/;\s*charset\s*=\s*"?([^\s;"]*)/gi)]
  if (!charsets.every(([, charset = '']) => /^utf-?8$/i.test(charset))) {
    throw new PosthornError('UnsupportedMediaType', 'The body must be in UTF-8.')
  }
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    throw malformed('is not valid UTF-8')
  }
  if (text.startsWith('\uFEFF')) throw malformed('begins with a byte order mark')
  return text
}

function malformed(what: string) {
  return new PosthornError('MalformedRequest', `The body ${what}.`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
