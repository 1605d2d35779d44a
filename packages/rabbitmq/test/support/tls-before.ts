import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import type { Certificate } from '../../../../tooling/fixtures/certificate-authority.ts'

/** Speaks TLS before the broker. A new certificate costs all connections. */
export async function tlsBefore(target: string, certificate: Certificate) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server: Server = createServer(certificate, (client) => {
    const behind = connectSocket(Number(port), hostname)
    client.pipe(behind).pipe(client)
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    rotate: (next: Certificate) => {
      server.setSecureContext(next)
      cut()
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
    },
  }
}
