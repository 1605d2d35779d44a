import { deadQueue } from '../external-bus/names.ts'
import { HEADERS, textHeader } from '../external-bus/wire-format.ts'
import type { Unrest } from './unrest.ts'
import { wireName } from './wire-name.ts'

/** A message that was given up, wherever it lies. */
export interface DeadMessage {
  /** Wire name. */
  readonly type: string
  readonly messageId: string
  /** `<queue> of <vhost>`, or `outbox of <domain>`. */
  readonly where: string
  /** A reason in the words of the wire format, or the last error's code and text. */
  readonly reason: string
}

/** What was given up: on the broker first, then in the outboxes; of each place the oldest first. */
export async function deadMessages({ broker, services }: Unrest): Promise<readonly DeadMessage[]> {
  const dead: DeadMessage[] = []
  for (const { vhost, name, waiting } of broker.queues()) {
    if (!name.endsWith(deadQueue(''))) continue
    for (const frame of waiting) {
      const { type = '', messageId = '' } = frame.properties
      dead.push({
        type: wireName(type),
        messageId,
        where: `${name} of ${vhost}`,
        reason: textHeader(frame, HEADERS.reason) ?? 'unknown',
      })
    }
  }
  for (const { domain, parts } of services) {
    for (const { message, reason } of await parts.outbox.deadLetters()) {
      dead.push({ type: message.type, messageId: message.id, where: `outbox of ${domain}`, reason })
    }
  }
  return dead
}
