import type { Envelope } from '../messages/definitions.ts'
import type { Frame } from './broker.ts'
import { HEADERS, textHeader } from './wire-format.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
/** What is a time and looks like this `Date` would write the same; of a month's last days some are the next one's first. */
const WRITTEN_BY_DATE = /^\d{4}-\d\d-([01]\d|2[0-8])T([01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

export function isUuid(id: string | undefined): id is string {
  return id !== undefined && UUID.test(id)
}

/** The id of the message must be there; the others may be absent. */
export function hasValidIds(frame: Frame): boolean {
  const { messageId, correlationId } = frame.properties
  const causationId = textHeader(frame, HEADERS.causationId)
  return isUuid(messageId) && [correlationId, causationId].every((id) => id === undefined || isUuid(id))
}

/** What a frame with valid ids says about its message, with defaults for what the sender left out. */
export function envelopeOf(
  frame: Frame,
  { type, version, payload }: Pick<Envelope, 'type' | 'version' | 'payload'>,
): Envelope {
  const id = frame.properties.messageId as string
  const traceparent = textHeader(frame, HEADERS.traceparent)
  return {
    id,
    type,
    version,
    time: timeOf(frame),
    payload,
    correlationId: frame.properties.correlationId ?? id,
    causationId: textHeader(frame, HEADERS.causationId) ?? null,
    traceparent: traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : null,
  }
}

/** The header, or AMQP's timestamp, or now: whoever needs a sender's clock must not trust it anyway. */
function timeOf(frame: Frame): string {
  const time = textHeader(frame, HEADERS.time)
  if (time !== undefined && TIME.test(time)) {
    const parsed = Date.parse(time)
    if (!Number.isNaN(parsed)) return WRITTEN_BY_DATE.test(time) ? time : new Date(parsed).toISOString()
  }
  const { timestamp } = frame.properties
  const isSane = typeof timestamp === 'number' && timestamp > 0 && timestamp < YEAR_10000
  return new Date(isSane ? timestamp * 1000 : Date.now()).toISOString()
}

/** In seconds: later than that has no ISO 8601 with four digits. */
const YEAR_10000 = 253_402_300_800
