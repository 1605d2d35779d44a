/** Posthorn's queue for calls, for everybody: durable, classic, bounded; what is too late expires. */
export const CALL_QUEUE = {
  queue: 'calls',
  options: {
    durable: true,
    arguments: {
      'x-queue-type': 'classic',
      'x-message-ttl': 300_000,
      'x-max-length': 10_000,
      'x-overflow': 'reject-publish',
    },
  },
} as const

/** In ms. */
export const CALL_TIMEOUT = 10_000
