import { createServer } from 'node:net'
import { Failure } from './failure.mjs'

// Below 32768, where the system's own choice for outgoing connections begins: nothing else takes them meanwhile.
const LOWEST = 20_000
const COUNT = 12_000
const given = new Set()

/**
 * A port on 127.0.0.1 that is free now; no two alike within a run.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * COUNT)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
  throw new Failure(`No free port was found between ${LOWEST} and ${LOWEST + COUNT}.`)
}

/** @param {number} port @returns {Promise<boolean>} */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
