import { randomBytes } from 'node:crypto'
import { versionWhenReady } from './ask-rabbitmq.mjs'
import { until } from './deadline.mjs'
import { dockerAnswers, startContainer } from './docker.mjs'
import { freePort } from './free-port.mjs'
import { ADMINISTRATOR, LIMITS, PLUGINS } from './rabbitmq-configuration.mjs'

// Files are written inside the container: the engine may be unable to mount a folder of ours.
const START = `printf '%s' "$PLUGINS" > /etc/rabbitmq/enabled_plugins
printf '%s' "$LIMITS" > /etc/rabbitmq/conf.d/20-posthorn.conf
exec docker-entrypoint.sh rabbitmq-server`

/**
 * Starts a RabbitMQ in a container, where a Docker engine answers.
 * @param {(line: string) => void} log
 * @returns {Promise<import('./provide-rabbitmq.mjs').ProvidedRabbitMq | undefined>}
 */
export async function dockerRabbitMq(log) {
  if (!(await dockerAnswers())) return undefined
  const [amqp, management] = [await freePort(), await freePort()]
  const password = randomBytes(16).toString('hex')
  const container = {
    image: 'rabbitmq:4-management',
    ports: { [amqp]: 5672, [management]: 15672 },
    environment: { RABBITMQ_DEFAULT_USER: ADMINISTRATOR, RABBITMQ_DEFAULT_PASS: password, PLUGINS, LIMITS },
    command: ['sh', '-ec', START],
  }
  const { end } = await startContainer(container, log)
  const account = `${ADMINISTRATOR}:${password}@127.0.0.1`
  const urls = { amqpUrl: `amqp://${account}:${amqp}`, managementUrl: `http://${account}:${management}` }
  const ready = until(120_000, 'RabbitMQ in Docker', () => versionWhenReady(urls))
  const version = await ready.catch((error) => end().then(() => Promise.reject(error)))
  return { ...urls, version, source: 'Docker', stop: end }
}
