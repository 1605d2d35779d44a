import { type Context, type Link, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import type { Operation } from '../telemetry/telemetry.ts'
import { parseTraceparent } from './traceparent.ts'

/** What an operation is part of, and what else it has to do with. */
export interface Origin {
  readonly parent: Context
  readonly links: Link[]
}

/**
 * - A handler is part of what its message says caused it, else of what is going on around it (an HTTP request).
 * - What is published or called is part of what is going on, as long as that is the message's own trace. A relay is not:
 *   it is linked.
 * - What is processed is part of its publication and linked to it, both as the conventions have it. Around it there is
 *   nothing: whatever opened the connection has nothing to do with it.
 * - A batch has many causes and is part of none: links.
 */
export function originOf(operation: Operation, active: Context): Origin {
  if (operation.kind === 'transaction') return { parent: active, links: [] }
  if (operation.kind === 'relay') return { parent: ROOT_CONTEXT, links: linksTo(operation.messages) }
  const cause = parseTraceparent(operation.message.traceparent)
  if (operation.kind === 'process') {
    return cause === undefined
      ? { parent: ROOT_CONTEXT, links: [] }
      : { parent: trace.setSpanContext(ROOT_CONTEXT, cause), links: [{ context: cause }] }
  }
  const around = trace.getSpanContext(active)
  if (cause === undefined) return { parent: active, links: [] }
  if (operation.kind !== 'handle' && around?.traceId === cause.traceId) return { parent: active, links: [] }
  return {
    parent: trace.setSpanContext(active, cause),
    links: around === undefined || around.traceId === cause.traceId ? [] : [{ context: around }],
  }
}

function linksTo(messages: readonly { readonly traceparent: string | null }[]): Link[] {
  const distinct = new Set(messages.map(({ traceparent }) => traceparent))
  return [...distinct]
    .map(parseTraceparent)
    .filter((context): context is SpanContext => context !== undefined)
    .map((context) => ({ context }))
}
