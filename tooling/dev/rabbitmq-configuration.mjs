import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The name of the only user that a new node has. */
export const ADMINISTRATOR = 'posthorn-admin'

/** The content of `enabled_plugins`. */
export const PLUGINS = '[rabbitmq_management,rabbitmq_consistent_hash_exchange].\n'
const PLUGINS_WITH_TLS = PLUGINS.replace(']', ',rabbitmq_auth_mechanism_ssl]')

/** Settings that hold for every node of ours. */
export const LIMITS = `disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
max_message_size = 1048576
`

/** @typedef {{ amqp: number, management: number, distribution: number, epmd: number }} NodePorts */

/**
 * A second listener, for TLS: its port, its certificate and key, and the authority whose clients it lets in by their
 * certificates' common names. All PEM.
 * @typedef {{ port: number, ca: string, cert: string, key: string }} TlsListener
 */

/**
 * Writes what a private node reads, and tells the environment that points it there.
 * @param {string} folder
 * @param {NodePorts} ports
 * @param {string} password
 * @param {TlsListener} [tls]
 * @returns {NodeJS.ProcessEnv} it serves for `rabbitmqctl` too
 */
export function configureRabbitMq(folder, ports, password, tls) {
  for (const name of ['home', 'log', 'mnesia', 'generated', 'schema']) mkdirSync(join(folder, name))
  const plugins = join(folder, 'enabled_plugins')
  writeFileSync(plugins, tls ? PLUGINS_WITH_TLS : PLUGINS)
  const file = join(folder, 'rabbitmq.conf')
  writeFileSync(file, configuration(ports, password) + (tls ? tlsListener(folder, tls) : ''), { mode: 0o600 })
  return {
    PATH: process.env.PATH,
    LC_ALL: 'C.UTF-8',
    HOME: join(folder, 'home'),
    RABBITMQ_NODENAME: 'posthorn@localhost',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: file,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(folder, 'schema'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // No busy waiting, for the node shares the machine with the tests; nothing but loopback, for the same reason.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  }
}

/** A default user of one's own takes the place of `guest`. */
function configuration(ports, password) {
  return `listeners.tcp.1 = 127.0.0.1:${ports.amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${ports.management}
default_user = ${ADMINISTRATOR}
default_pass = ${password}
default_user_tags.administrator = true
log.console = false
log.file = rabbit.log
${LIMITS}`
}

function tlsListener(folder, { port, ...pems }) {
  const path = (/** @type {keyof typeof pems} */ name) => {
    const file = join(folder, `${name}.pem`)
    writeFileSync(file, pems[name], { mode: 0o600 })
    return file
  }
  return `listeners.ssl.1 = 127.0.0.1:${port}
ssl_options.cacertfile = ${path('ca')}
ssl_options.certfile = ${path('cert')}
ssl_options.keyfile = ${path('key')}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
`
}
