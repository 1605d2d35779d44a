import type { FrameProperties } from '@posthorn/core/transport'
import type { Door } from './doors.ts'

/** `understood`: it reaches its handler. Else the reason of the refusal. */
export type Expected = 'understood' | string

/** One way in which a message differs from a good one, and what must become of it. */
export interface Fault {
  readonly what: string
  readonly expected: Expected
  readonly properties?: (valid: FrameProperties, door: Door) => FrameProperties
  readonly body?: (valid: string) => string | Uint8Array
  /** Sent without a user-id. */
  readonly anonymous?: boolean
}
