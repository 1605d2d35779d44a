import { type Logger, pino } from 'pino'
import { withoutSecrets } from './without-secrets.ts'

/** JSON lines on standard output. Of errors only what names them; of URLs no credentials; of requests no query. */
export function createLogger(service: string, level: string, stream?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: { service },
    redact: { paths: SECRETS, censor: '[redacted]' },
    serializers: { err: errorFacts, error: errorFacts, req: requestFacts },
  }
  return stream === undefined ? pino(options) : pino(options, stream)
}

const SECRETS = ['password', 'url', 'authorization', 'cookie', 'email', 'recipient', 'text'].flatMap(
  (name) => [name, `*.${name}`],
)

interface ErrorFacts {
  readonly type: string
  readonly code?: unknown
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorFacts
}

/** Named fields only: drivers hang queries and their parameters on errors. */
function errorFacts(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(String(error)) }
  const { name, code, message, stack, cause } = error as Error & { code?: unknown }
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    message: withoutSecrets(message),
    ...(stack === undefined ? {} : { stack: withoutSecrets(stack) }),
    ...(cause === undefined || depth === 5 ? {} : { cause: errorFacts(cause, depth + 1) }),
  }
}

function requestFacts({ method, url }: { readonly method: string; readonly url: string }) {
  return { method, path: url.split('?', 1)[0] }
}
