import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { problemOfStatus } from './error-mapping.ts'
import { PROBLEM_JSON, type ProblemDetails } from './problem.ts'

const LINGER = 1_000

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

const DETAILS: Readonly<Record<number, string>> = {
  400: 'This is not HTTP.',
  408: 'The request took too long to arrive.',
  413: 'The extensions of a chunk are too large.',
  431: 'The header is too large.',
}

const responses = new WeakMap<Socket, ServerResponse>()

/** Remembers which response is the last on its connection. */
export function noteResponse({ socket }: IncomingMessage, response: ServerResponse): void {
  responses.set(socket, response)
}

/** Answers what is no request at all, and hangs up. */
export function answerClientError({ code = '' }: { readonly code?: string }, socket: Socket): void {
  const response = responses.get(socket)
  const status = STATUS_OF_CODE[code] ?? 400
  const problem = problemOfStatus(status, DETAILS[status] ?? '')
  // Taken for the answer to the request before, it would say that nothing was done.
  if (response?.req.complete && !response.writableFinished) {
    response.once('finish', () => say(problem, socket))
  } else say(problem, socket)
}

function say(problem: ProblemDetails, socket: Socket): void {
  // Whoever has been answered, or has gone, is told nothing more.
  if (!socket.writable) return
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_JSON}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end([...head, '', body].join('\r\n'))
  // Closed at once, the connection would be reset by what is still arriving, and the answer lost with it.
  setTimeout(() => socket.destroy(), LINGER).unref()
}

/** Answers `Expect:` anything but `100-continue`. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(problemOfStatus(417, 'Nothing can be expected but 100-continue.'))
  response.writeHead(417, {
    connection: 'close',
    'content-type': PROBLEM_JSON,
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
