import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { notifications } from '@posthorn/contracts'
import { SMTPServer } from 'smtp-server'
import { expect, test } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { someone, startNotifications } from '../behaviour/notifications-service.ts'

test('without a mail server the service starts and takes what is to be mailed, and mails it once there is one', async () => {
  const port = await closedPort()
  const running = await startNotifications(
    async (store) => inMemoryStorage(store),
    `smtp://127.0.0.1:${port}`,
  )
  const mails: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString())
        done()
      })
    },
  })
  try {
    const { http } = running.service
    expect((await http.inject('/health/ready')).statusCode).toBe(200)
    const recipient = someone()
    const status = async () => {
      const { body } = await http.inject(`/notifications?recipient=${recipient}`)
      return (JSON.parse(body) as { items: { status: string }[] }).items.map((item) => item.status)
    }
    await running.allocation.call(notifications.commands.Notify({ recipient, subject: 'Hello', text: 'x' }))
    expect(await status()).toEqual(['pending'])
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await expect.poll(status, { timeout: 15_000 }).toEqual(['sent'])
    expect(mails).toEqual([expect.stringContaining(`To: ${recipient}`)])
  } finally {
    await running.stop()
    await new Promise<void>((resolve) => server.close(resolve))
  }
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
