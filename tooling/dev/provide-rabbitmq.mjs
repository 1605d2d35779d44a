import { canUseApt, installDebianPackage } from './apt.mjs'
import { askManagement, isAmqpAnswered } from './ask-rabbitmq.mjs'
import { debian13RabbitMq } from './debian-13-rabbitmq.mjs'
import { dockerRabbitMq } from './docker-rabbitmq.mjs'
import { Failure } from './failure.mjs'
import { findProgram } from './find-program.mjs'
import { firstThatWorks } from './first-that-works.mjs'
import { startRabbitMqNode } from './rabbitmq-node.mjs'

/**
 * @typedef {object} ProvidedRabbitMq
 * @property {string} amqpUrl of an administrator
 * @property {string} managementUrl of the same, without `/api`
 * @property {string} version
 * @property {string} source
 * @property {number} [pid] of the Erlang process, where it is ours
 * @property {() => Promise<void>} stop
 */

/**
 * Finds or starts a RabbitMQ: the given one, local binaries, Docker, apt on Debian as root.
 * @param {object} options
 * @param {{ amqpUrl?: string, managementUrl?: string }} [options.given]
 * @param {string} [options.only] forces one way; `debian-13` is never tried unasked; `none` forces there to be none
 * @param {import('./rabbitmq-configuration.mjs').TlsListener} [options.tls] has it speak TLS too, which Docker's does not
 * @param {(line: string) => void} options.log
 * @returns {Promise<ProvidedRabbitMq | undefined>} `undefined` when none can be had; the reason has been logged
 */
export async function provideRabbitMq({ given = {}, only, tls, log }) {
  if (given.amqpUrl || given.managementUrl) return givenRabbitMq(given)
  if (only === 'none') {
    log('RabbitMQ is switched off')
    return undefined
  }
  const ways = [
    { name: 'local', provide: () => localRabbitMq(tls) },
    ...(tls ? [] : [{ name: 'docker', provide: () => dockerRabbitMq(log) }]),
    { name: 'apt', provide: () => aptRabbitMq(log, tls) },
    ...(only === 'debian-13' ? [{ name: only, provide: () => debian13RabbitMq(log, tls) }] : []),
  ]
  try {
    return await firstThatWorks('RabbitMQ', ways, { only, log })
  } catch (error) {
    if (only || !(error instanceof Failure)) throw error
    log(error.message)
    return undefined
  }
}

/** @param {{ amqpUrl?: string, managementUrl?: string }} given @returns {Promise<ProvidedRabbitMq>} */
async function givenRabbitMq({ amqpUrl, managementUrl }) {
  if (!amqpUrl || !managementUrl)
    throw new Failure(
      'A given broker needs both POSTHORN_AMQP_URL and POSTHORN_MANAGEMENT_URL, of its administrator.',
    )
  if (!URL.canParse(amqpUrl) || !URL.canParse(managementUrl))
    throw new Failure('A URL given for the broker is not a URL.')
  if (!(await isAmqpAnswered(amqpUrl)))
    throw new Failure(`No broker answers at the given ${new URL(amqpUrl).host}.`)
  const answer = await askManagement(managementUrl)
  if ('refusal' in answer) {
    throw new Failure(
      `The management API at the given ${new URL(managementUrl).host} is of no use: ${answer.refusal}.`,
    )
  }
  return { amqpUrl, managementUrl, version: answer.version, source: 'given URLs', stop: async () => {} }
}

async function localRabbitMq(tls) {
  // Debian's script on the PATH is a wrapper for root alone.
  const server = findProgram('rabbitmq-server', [
    '/usr/lib/rabbitmq/bin',
    '/opt/homebrew/sbin',
    '/usr/local/sbin',
  ])
  if (!server) return undefined
  const epmd = findProgram('epmd', ['/usr/bin', '/opt/homebrew/bin', '/usr/local/bin', '/usr/lib/erlang/bin'])
  if (!epmd) throw new Failure('the program epmd, a part of Erlang, is missing.')
  const broker = await startRabbitMqNode({ server, epmd, tls })
  if (isTooOld(broker.version)) {
    await broker.stop()
    throw new Failure(`RabbitMQ ${broker.version} is too old: 3.10 is the oldest that will do.`)
  }
  return { ...broker, source: 'local binaries' }
}

async function aptRabbitMq(log, tls) {
  if (!canUseApt()) return undefined
  await installDebianPackage('rabbitmq-server', log)
  const broker = await localRabbitMq(tls)
  return broker && { ...broker, source: 'local binaries, installed with apt-get' }
}

/** Before 3.10, a message in a quorum queue could not expire. */
function isTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 3 || (major === 3 && minor < 10)
}
