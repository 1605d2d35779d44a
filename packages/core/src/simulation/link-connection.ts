import { PosthornError } from '../errors.ts'
import type { Lane } from './scheduler.ts'

/** Which way of a connection is dead: nothing arrives there any more. */
export type Direction = 'out' | 'in' | 'both'

/** One connection: four ways on which nothing overtakes, until it is lost. */
export interface Connection {
  readonly frames: Lane
  readonly confirms: Lane
  readonly deliveries: Lane
  readonly replies: Lane
  out: boolean
  in: boolean
  /** The process knows that it is lost. */
  isLeft: boolean
  readonly unconfirmed: Set<(error: PosthornError) => void>
}

export function newConnection(now: number): Connection {
  return {
    frames: { last: now },
    confirms: { last: now },
    deliveries: { last: now },
    replies: { last: now },
    out: true,
    in: true,
    isLeft: false,
    unconfirmed: new Set(),
  }
}

/** What a publisher is told that has waited for long enough. */
export function timedOut(name: string): PosthornError<'PublishTimeout'> {
  return new PosthornError('PublishTimeout', `The broker did not confirm ${name} in time`, {
    outcome: 'unknown',
    retryable: true,
  })
}
