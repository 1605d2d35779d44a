import { Failure } from './failure.mjs'
import { isFree } from './free-port.mjs'

const standards = { ALLOCATION_PORT: 3001, NOTIFICATIONS_PORT: 3002 }

/**
 * Where the demo's services are to listen, before anything is started for them.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ allocation: number, notifications: number }>}
 */
export async function readDemoPorts(env) {
  const [allocation, notifications] = Object.entries(standards).map(([name, standard]) =>
    readPort(name, env[name]?.trim() || String(standard)),
  )
  if (allocation === notifications) {
    throw new Failure(
      `ALLOCATION_PORT and NOTIFICATIONS_PORT are both ${allocation}; give each service its own.`,
    )
  }
  await checkFree('ALLOCATION_PORT', allocation)
  await checkFree('NOTIFICATIONS_PORT', notifications)
  return { allocation, notifications }
}

/** @param {string} name @param {string} text @returns {number} */
function readPort(name, text) {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port > 0 && port < 65_536) return port
  throw new Failure(`${name} must be a port, 1 to 65535.`)
}

/** @param {string} name @param {number} port @returns {Promise<void>} */
async function checkFree(name, port) {
  if (await isFree(port)) return
  throw new Failure(`Port ${port} is in use; end what listens there, or set ${name} to another port.`)
}
