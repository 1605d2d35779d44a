import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long somebody may take who has connected and not begun to ask, in ms. */
const SILENCE = 1_000

/** Who is connected to an HTTP server: those who want nothing are not waited for when it closes. */
export class Connections {
  readonly #server: Server
  readonly #silent = new Set<Socket>()
  #requests = 0

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#silent.add(socket)
      socket.once('close', () => this.#silent.delete(socket))
    })
    server.on('request', ({ socket }, response) => {
      this.#silent.delete(socket)
      this.#requests += 1
      response.once('close', () => {
        this.#requests -= 1
      })
    })
  }

  /** Cuts them when they have not ended `patience` ms after the closing began. Gives what was cut off with them. */
  async end(closing: Promise<unknown>, patience: number): Promise<readonly string[]> {
    let cut = 0
    const hangUp = setTimeout(
      () => {
        for (const socket of this.#silent) socket.destroy()
      },
      Math.min(SILENCE, patience),
    )
    const cutOff = setTimeout(() => {
      cut = this.#requests
      this.#server.closeAllConnections()
    }, patience)
    try {
      await closing
    } finally {
      clearTimeout(hangUp)
      clearTimeout(cutOff)
    }
    return cut === 0 ? [] : [`${cut} HTTP requests`]
  }
}
