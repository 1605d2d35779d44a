import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { versionWhenReady } from './ask-rabbitmq.mjs'
import { until } from './deadline.mjs'
import { Failure } from './failure.mjs'
import { freePort } from './free-port.mjs'
import { temporaryFolder } from './lifetime.mjs'
import { lastLine, startProcess } from './processes.mjs'
import { ADMINISTRATOR, configureRabbitMq } from './rabbitmq-configuration.mjs'

/**
 * Starts a private RabbitMQ on loopback, in a temporary folder of its own.
 * @param {{ server: string, epmd: string, start?: typeof startProcess, tls?: import('./rabbitmq-configuration.mjs').TlsListener }} programs
 * what starts them, and how it speaks TLS, if at all
 * @returns {Promise<{ amqpUrl: string, managementUrl: string, version: string, pid: number, stop(): Promise<void> }>}
 */
export async function startRabbitMqNode({ start = startProcess, tls, ...programs }) {
  const folder = temporaryFolder('posthorn-rabbitmq-')
  const ports = {
    amqp: await freePort(),
    management: await freePort(),
    distribution: await freePort(),
    epmd: await freePort(),
  }
  const password = randomBytes(16).toString('hex')
  const env = configureRabbitMq(folder.path, ports, password, tls)
  const urls = {
    amqpUrl: `amqp://${ADMINISTRATOR}:${password}@127.0.0.1:${ports.amqp}`,
    managementUrl: `http://${ADMINISTRATOR}:${password}@127.0.0.1:${ports.management}`,
  }

  // A node that finds no epmd starts one as a daemon, which nobody would end.
  const epmd = start(programs.epmd, ['-port', String(ports.epmd), '-address', '127.0.0.1'], {
    env,
    endWith: 'SIGKILL',
  })
  const outputFile = join(folder.path, 'output.log')
  const output = openSync(outputFile, 'w')
  const server = start(programs.server, [], {
    env,
    cwd: folder.path,
    stdio: ['ignore', output, output],
    endWith: 'SIGKILL',
  })
  closeSync(output)
  const stop = async () => {
    await server.end()
    await epmd.end()
    await folder.end()
  }
  const ready = until(90_000, 'RabbitMQ', () => {
    if (server.hasEnded())
      throw new Failure(`RabbitMQ ended at its start: ${lastLine(readFileSync(outputFile, 'utf8'))}`)
    return versionWhenReady(urls)
  })
  const version = await ready.catch((error) => stop().then(() => Promise.reject(error)))
  return { ...urls, version, pid: Number(readFileSync(join(folder.path, 'pid'), 'utf8')), stop }
}
