import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from './failure.mjs'

/**
 * Waits for a promise, but no longer than the deadline.
 * @template T
 * @param {number} milliseconds
 * @param {string} what begins the sentence of the failure
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within(milliseconds, what, promise) {
  const timer = new AbortController()
  const late = pause(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Failure(`${what} took longer than ${milliseconds / 1000} s.`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}

/**
 * Asks again and again until the answer is truthy. The question must have a deadline of its own.
 * @template T
 * @param {number} milliseconds
 * @param {string} what begins the sentence of the failure
 * @param {() => Promise<T | undefined>} ask
 * @returns {Promise<T>}
 */
export async function until(milliseconds, what, ask) {
  const end = Date.now() + milliseconds
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Failure(`${what} was not ready after ${milliseconds / 1000} s.`)
    await pause(100)
  }
}
