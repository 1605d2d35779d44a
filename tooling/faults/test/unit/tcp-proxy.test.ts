import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../running-system/eventually.ts'
import { startTcpProxy, type TcpProxy } from '../../tcp-proxy.ts'

let echo: Server
let proxy: TcpProxy

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  proxy = await startTcpProxy((echo.address() as AddressInfo).port)
})

afterEach(async () => {
  await proxy.stop()
  echo.close()
})

async function client() {
  const socket = connect(proxy.port, '127.0.0.1')
  let heard = ''
  let closed = false
  socket.on('data', (data) => {
    heard += data.toString()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    closed = true
  })
  await once(socket, 'connect')
  return { socket, heard: () => heard, closed: () => closed }
}

/** As long as it takes others. */
async function otherRoundTrips(): Promise<void> {
  const other = connect((echo.address() as AddressInfo).port, '127.0.0.1')
  for (let n = 0; n < 20; n++) {
    other.write('hello')
    await once(other, 'data')
  }
  other.destroy()
}

test('in fair weather everything passes, both ways', async () => {
  const { socket, heard } = await client()
  socket.write('hello')
  await eventually(() => heard() === 'hello' || undefined, 'the echo')
})

test('what is held up is not lost: it comes when the weather clears', async () => {
  const { socket, heard, closed } = await client()
  proxy.set({ kind: 'held', direction: 'in' })
  socket.write('hello')
  await otherRoundTrips()
  expect([heard(), closed()]).toEqual(['', false])
  proxy.set({ kind: 'fair' })
  await eventually(() => heard() === 'hello' || undefined, 'the echo')
})

test('a link that is cut passes just so many bytes, and resets', async () => {
  const { socket, heard, closed } = await client()
  proxy.set({ kind: 'cut', after: 8 })
  socket.write('hello')
  await eventually(() => closed() || undefined, 'the reset')
  expect(heard().length).toBeLessThanOrEqual(3)
})

test('a half-open connection stays silent for good; a new one is not concerned', async () => {
  const stranded = await client()
  proxy.strand()
  stranded.socket.write('hello')
  const fresh = await client()
  fresh.socket.write('hello')
  await eventually(() => fresh.heard() === 'hello' || undefined, 'the echo')
  expect([stranded.heard(), stranded.closed()]).toEqual(['', false])
})
