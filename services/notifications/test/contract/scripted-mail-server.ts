import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What the server says at each point of a conversation; a function takes the connection into its own hands. */
export type Script = Readonly<
  Partial<Record<'greeting' | 'EHLO' | 'HELO' | 'MAIL' | 'RCPT' | 'DATA' | 'end' | 'QUIT', Line>>
>
type Line = string | Uint8Array | ((socket: Socket) => void)

export interface ScriptedMailServer {
  readonly url: string
  /** Every line that clients have sent. */
  readonly heard: readonly string[]
  stop(): Promise<void>
}

const polite: Required<Script> = {
  greeting: '220 ready',
  EHLO: '250 hello',
  HELO: '250 hello',
  MAIL: '250 sender',
  RCPT: '250 recipient',
  DATA: '354 go on',
  end: '250 taken',
  QUIT: '221 bye',
}

/** A mail server that says what it is told to, right or wrong. */
export async function startScriptedMailServer(script: Script): Promise<ScriptedMailServer> {
  const lines = { ...polite, ...script }
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    const say = (point: keyof Script) => {
      const line = lines[point]
      if (typeof line === 'function') line(socket)
      else socket.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]))
    }
    let rest = ''
    let inData = false
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString()).split('\r\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        heard.push(part)
        const verb = part.split(/[ :]/, 1)[0]?.toUpperCase() ?? ''
        if (inData && part !== '.') continue
        if (inData) say('end')
        else if (verb in lines) say(verb as keyof Script)
        else socket.write('500 what?\r\n')
        inData = verb === 'DATA' && String(lines.DATA).startsWith('354')
      }
    })
    say('greeting')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
