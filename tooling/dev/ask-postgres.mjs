import { connect } from 'node:net'

const PROTOCOL_3 = 196_608

/**
 * Asks a server whether it takes connections: its answer to a startup message, read no further than needed.
 * @param {{ host: string, port: number }} address
 * @returns {Promise<boolean>}
 */
export function isPostgresReady({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3_000 })
    const answer = (/** @type {boolean} */ ready) => {
      socket.destroy()
      resolve(ready)
    }
    socket.once('connect', () => socket.write(startupMessage()))
    // While it starts up, a server answers with the error "cannot connect now".
    socket.once('data', (data) => answer(!data.includes('57P03')))
    socket.once('timeout', () => answer(false))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
  })
}

function startupMessage() {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + parameters.length, 0)
  head.writeInt32BE(PROTOCOL_3, 4)
  return Buffer.concat([head, parameters])
}
