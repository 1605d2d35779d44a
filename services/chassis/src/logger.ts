import { traceFields } from '@posthorn/core/opentelemetry'
import { type Logger, pino } from 'pino'
import { withoutSecrets } from './without-secrets.ts'

/** JSON lines on standard output, each with the trace and the correlation of what it tells of. Of errors only what names them; of URLs no credentials; of requests no query. */
export function createLogger(service: string, level: string, stream?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: { service },
    mixin: traceFields,
    redact: { paths: SECRETS, censor: '[redacted]' },
    serializers: { err: errorFacts, error: errorFacts, req: requestFacts },
  }
  return stream === undefined ? pino(options) : pino(options, stream)
}

const SECRETS = ['password', 'url', 'authorization', 'cookie', 'email', 'recipient', 'text'].flatMap(
  (name) => [name, `*.${name}`],
)

/** Longest texts in a line, in characters: a stranger may have chosen them, or a part of them. */
const LONGEST = { message: 1_000, path: 256, stack: 4_000 } as const

interface ErrorFacts {
  readonly type: string
  readonly code?: unknown
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorFacts
}

/** Named fields only: drivers hang queries and their parameters on errors. */
function errorFacts(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: typeof error, message: textOf('message', String(error)) }
  const { name, code, message, stack, cause } = error as Error & { code?: unknown }
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    message: textOf('message', message),
    ...(stack === undefined ? {} : { stack: textOf('stack', stack) }),
    ...(cause === undefined || depth === 5 ? {} : { cause: errorFacts(cause, depth + 1) }),
  }
}

function requestFacts({ method, url }: { readonly method: string; readonly url: string }) {
  return { method, path: url.split('?', 1)[0]?.slice(0, LONGEST.path) }
}

function textOf(kind: keyof typeof LONGEST, text: string): string {
  return withoutSecrets(text).slice(0, LONGEST[kind])
}
