/**
 * What the environment asks for. An empty variable counts as absent.
 * @typedef {object} Settings
 * @property {string} [databaseUrl] of an existing Postgres, whose user may create databases
 * @property {{ amqpUrl?: string, managementUrl?: string }} broker of an existing RabbitMQ, as its administrator
 * @property {string} [postgres] forces a way to get Postgres: local, docker, apt, embedded
 * @property {string} [rabbitMq] forces a way to get RabbitMQ: local, docker, apt, debian-13, none
 * @property {string} typedIn the folder in which the user typed the command; npm has changed to the root since
 * @property {boolean} underNpm whether npm runs this as a script
 * @property {string} [python] a Python that has pika
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function readSettings(env) {
  return {
    databaseUrl: env.POSTHORN_DATABASE_URL || undefined,
    broker: {
      amqpUrl: env.POSTHORN_AMQP_URL || undefined,
      managementUrl: env.POSTHORN_MANAGEMENT_URL || undefined,
    },
    postgres: env.POSTHORN_POSTGRES || undefined,
    rabbitMq: env.POSTHORN_RABBITMQ || undefined,
    underNpm: Boolean(env.npm_lifecycle_event),
    typedIn: env.INIT_CWD || process.cwd(),
    python: env.POSTHORN_TEST_PYTHON || undefined,
  }
}
