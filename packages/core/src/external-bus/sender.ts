import type { Frame } from './broker.ts'
import { HEADERS, header, textHeader } from './wire-format.ts'

/** Who a frame is from, and what its copies carry along. */
export interface EffectiveSender {
  readonly caller: string
  /** 1 on the first try. */
  readonly attempt: number
  /** When handling first failed, ISO 8601; null on the first try. */
  readonly failedAt: string | null
}

const MEMBER = /^(?=.{1,31}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/**
 * The verified sender: the user-id, for which the broker vouches. The one exception are copies that we published
 * ourselves for a retry: they carry our user-id, and then, and only then, our header with the original sender counts.
 * Undefined without a user-id: the broker checks it only when it is there.
 */
export function effectiveSender(frame: Frame, self: string): EffectiveSender | undefined {
  const { userId } = frame.properties
  if (typeof userId !== 'string' || !MEMBER.test(userId)) return undefined
  const original = userId === self ? textHeader(frame, HEADERS.originalUser) : undefined
  if (original === undefined || !MEMBER.test(original)) return { caller: userId, attempt: 1, failedAt: null }
  return {
    caller: original,
    attempt: attemptHeader(frame),
    failedAt: textHeader(frame, HEADERS.failedAt)?.slice(0, 32) ?? null,
  }
}

/**
 * The verified sender of a dead letter: of the reader's copy the original, of one that the broker moved its user-id.
 * Undefined for a copy that names nobody: as itself the reader sends nothing to its own queue.
 */
export function deadLetterSender(dead: Frame, reader: string): EffectiveSender | undefined {
  const sender = effectiveSender(dead, reader)
  return sender?.caller === reader && textHeader(dead, HEADERS.originalUser) !== reader ? undefined : sender
}

function attemptHeader(frame: Frame): number {
  const attempt = header(frame, HEADERS.attempt)
  return typeof attempt === 'number' && Number.isSafeInteger(attempt) && attempt >= 1 ? attempt : 1
}
