import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

const AMQP_0_9_1 = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])

/**
 * Whether the protocol header gets an answer. The listener opens last, so the broker is ready then.
 * @param {string} amqpUrl
 * @returns {Promise<boolean>}
 */
export function isAmqpAnswered(amqpUrl) {
  const { protocol, hostname, port } = new URL(amqpUrl)
  const secure = protocol === 'amqps:'
  const address = { host: hostname, port: Number(port || (secure ? 5671 : 5672)), timeout: 3_000 }
  return new Promise((resolve) => {
    const socket = secure ? connectSecurely({ ...address, rejectUnauthorized: false }) : connect(address)
    const answer = (/** @type {boolean} */ ready) => {
      socket.destroy()
      resolve(ready)
    }
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(AMQP_0_9_1))
    socket.once('data', () => answer(true))
    socket.once('timeout', () => answer(false))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
  })
}

/**
 * Whether broker and management API both answer; if so, the broker's version.
 * @param {{ amqpUrl: string, managementUrl: string }} urls
 * @returns {Promise<string | undefined>}
 */
export async function versionWhenReady({ amqpUrl, managementUrl }) {
  if (!(await isAmqpAnswered(amqpUrl))) return undefined
  const answer = await askManagement(managementUrl)
  return 'version' in answer ? answer.version : undefined
}

/**
 * Asks the management API for the broker's version.
 * @param {string} managementUrl with user and password
 * @returns {Promise<{ version: string } | { refusal: string }>}
 */
export async function askManagement(managementUrl) {
  const { origin, pathname, username, password } = new URL(managementUrl)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const url = `${origin}${pathname.replace(/\/$/, '')}/api/overview`
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(3_000) })
    if (!response.ok) return { refusal: `it answers ${response.status}` }
    const { rabbitmq_version: version } = /** @type {{ rabbitmq_version?: string }} */ (await response.json())
    return version ? { version } : { refusal: 'the user is no administrator' }
  } catch (error) {
    return {
      refusal:
        error instanceof Error && error.name === 'TimeoutError'
          ? 'it does not answer in time'
          : 'it does not answer',
    }
  }
}
